/**
 * The memory map: one type for what E820, PVH, Multiboot, UEFI and Limine say, and who owns which
 * range.
 *
 * The caller gives the storage; nothing here allocates or touches the memory it describes. Not
 * locked: one CPU at a time.
 */
#ifndef MUSTER_MEMORY_H
#define MUSTER_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include <muster/platform.h>
#include <muster/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** From the least to the most restrictive: where two descriptions overlap the greater wins. */
enum muster_memory_type {
    MUSTER_MEMORY_USABLE = 0,
    MUSTER_MEMORY_ACPI,     /* tables; usable once they have been read */
    MUSTER_MEMORY_NVS,      /* the firmware's for good */
    MUSTER_MEMORY_RESERVED, /* also every type we do not know */
    MUSTER_MEMORY_UNUSABLE, /* known to be bad */
};

/** Who has a range: nobody else is given it. */
enum muster_memory_owner {
    MUSTER_OWNER_NONE = 0,
    MUSTER_OWNER_IMAGE,            /* the running program itself */
    MUSTER_OWNER_BOOT,             /* boot information, modules */
    MUSTER_OWNER_ENTRY,            /* the page that woken CPUs enter by */
    MUSTER_OWNER_FIRMWARE_MAILBOX, /* the next three are custody's */
    MUSTER_OWNER_FIRMWARE_LOOP,
    MUSTER_OWNER_FIRMWARE_TABLES,
    MUSTER_OWNER_HOST, /* from here on: the host's own meanings */
};

/** A range of one type, with one owner. */
struct muster_memory_range {
    uint64_t start_phys;
    uint64_t end_phys; /* first byte behind it */
    enum muster_memory_type type;
    uint32_t owner; /* enum muster_memory_owner or the host's own; NONE = free, if usable */
};

/** Sorted by address, without overlap, neighbours of the same type and owner merged. */
struct muster_memory_map {
    struct muster_memory_range *ranges;
    uint32_t capacity;
    uint32_t count;
};

/** An empty map over @storage. A map of N described ranges needs up to 2 N + 1. */
void muster_memory_init(struct muster_memory_map *map, struct muster_memory_range *storage,
                        uint32_t capacity);

/**
 * Add a described range: any order, overlaps allowed (the more restrictive type wins; an owner
 * stays). Zero bytes is nothing. A range that wraps around the address space is
 * MUSTER_ERROR_RANGE_INVALID; no room is MUSTER_ERROR_MAP_FULL: the map is then unchanged.
 */
enum muster_status muster_memory_add(struct muster_memory_map *map, uint64_t start_phys,
                                     uint64_t bytes, enum muster_memory_type type);

/** What an E820 type means here; everything unknown is reserved. */
enum muster_memory_type muster_memory_type_from_e820(uint32_t e820_type);

/** The E820 type that describes @type (for a map that is handed on). */
uint32_t muster_memory_type_to_e820(enum muster_memory_type type);

/** Add all of a map as firmware gives it: struct e820_entry[]. Stops at the first bad entry. */
enum muster_status muster_memory_add_e820(struct muster_memory_map *map, const void *entries,
                                          uint32_t count);

/** The same of struct pvh_memory_entry[] (Xen, start_info.h). */
enum muster_status muster_memory_add_pvh(struct muster_memory_map *map, const void *entries,
                                         uint32_t count);

/** Multiboot 1's mmap of @bytes; an entry that runs past the end is MUSTER_ERROR_MAP_MALFORMED. */
enum muster_status muster_memory_add_multiboot(struct muster_memory_map *map, const void *mmap,
                                               uint32_t bytes);
/** Multiboot 2's memory map tag of @bytes, header included; malformed likewise. */
enum muster_status muster_memory_add_multiboot2(struct muster_memory_map *map, const void *tag,
                                                uint32_t bytes);

/**
 * UEFI's memory map (UEFI 2.10, 7.2.3), @bytes with @entry_bytes for each, as it is once boot
 * services have ended: what was theirs and the loader's is usable. Memory that is kept for a
 * specific purpose, or has not been accepted yet, is reserved. Malformed likewise.
 */
enum muster_status muster_memory_add_efi(struct muster_memory_map *map, const void *descriptors,
                                         uint32_t bytes, uint32_t entry_bytes);

/**
 * Of UEFI's memory map add all that is not usable: for a map that the loader made of it already,
 * which that only makes more careful.
 */
enum muster_status muster_memory_restrict_efi(struct muster_memory_map *map,
                                              const void *descriptors, uint32_t bytes,
                                              uint32_t entry_bytes);

/**
 * Add as NVS what a flattened device tree keeps: its memory reservations, and all regions of the
 * children of /reserved-memory, the mailbox among them. What the tree says of RAM is not
 * taken over. Fails like muster_discover_fdt() where the tree is malformed, and fills @finding;
 * ranges before the bad one stay, which only ever makes the map more careful.
 */
enum muster_status muster_memory_add_fdt(struct muster_memory_map *map,
                                         const struct muster_platform *platform, uint64_t fdt_phys,
                                         struct muster_finding *finding);

/**
 * Give a range, whatever its type (also where the map has a hole: it is reserved then), to
 * @owner. If any byte of it belongs to another owner: MUSTER_ERROR_RANGE_OWNED, unchanged.
 */
enum muster_status muster_memory_reserve(struct muster_memory_map *map, uint64_t start_phys,
                                         uint64_t bytes, uint32_t owner);

/** Free all that @owner holds; gives the number of bytes that became usable and free. */
uint64_t muster_memory_release(struct muster_memory_map *map, uint32_t owner);

/** Free what @owner holds within a range; gives the bytes that became usable and free. */
uint64_t muster_memory_release_range(struct muster_memory_map *map, uint64_t start_phys,
                                     uint64_t bytes, uint32_t owner);

/**
 * Find free usable memory, as high as possible below @limit_phys and not below @floor_phys,
 * aligned to @align (a power of two), and give it to @owner.
 * MUSTER_ERROR_OUT_OF_MEMORY if there is none; page 0 is never given.
 */
enum muster_status muster_memory_allocate(struct muster_memory_map *map, uint64_t bytes,
                                          uint64_t align, uint64_t floor_phys, uint64_t limit_phys,
                                          uint32_t owner, uint64_t *start_phys);

/** The range that holds @phys, or NULL in a hole. */
const struct muster_memory_range *muster_memory_find(const struct muster_memory_map *map,
                                                     uint64_t phys);

#ifdef __cplusplus
}
#endif
#endif
