/**
 * What a kernel's file brings into memory, and where it goes: the segments of an ELF of 32 or 64
 * bits, or one piece of the file, where a Multiboot header says so. Whatever the file says is
 * checked against its size before it is used.
 */
#ifndef BOOT_LOADABLE_H
#define BOOT_LOADABLE_H

#include "boot/payload.h"

struct loadable_segment {
    uint32_t type; /* PT_LOAD ... */
    uint64_t offset, virt, phys, file_bytes, memory_bytes;
};

struct loadable {
    const uint8_t *bytes;
    uint64_t size;
    uint64_t headers; /* the ELF's program headers; none: the file is flat */
    uint32_t header_count, header_size;
    bool is64;
    uint64_t entry_virt;          /* the ELF's own */
    struct loadable_segment flat; /* all there is of a flat file */
    uint64_t low_phys, high_phys; /* of all that is loaded, where it is linked to be */
};

enum loadable_preference {
    LOADABLE_AS_LINKED, /* elsewhere only if that is not free */
    LOADABLE_LOW,
    LOADABLE_HIGH,
};

/** Where it may go, if not only to where it was linked to be. */
struct loadable_bounds {
    bool movable;
    uint32_t align, lowest, highest; /* of its first byte, its first and its last */
    enum loadable_preference preference;
};

/** Whether the file begins as an ELF does. */
bool loadable_is_elf(const struct boot_module *file);

/** Read an ELF's headers. NULL, or a sentence that says what is wrong; so do all that follow. */
const char *loadable_open_elf(const struct boot_module *file, struct loadable *loadable);

/**
 * One piece of a file that need be no ELF: @file_bytes from @offset go to @phys, and zeros follow
 * up to @memory_bytes.
 */
const char *loadable_open_flat(const struct boot_module *file, uint64_t offset, uint64_t phys,
                               uint64_t file_bytes, uint64_t memory_bytes,
                               struct loadable *loadable);

/** A segment, from 0 up to header_count, of any type; its part of the file is within the file. */
struct loadable_segment loadable_segment(const struct loadable *loadable, uint32_t number);

/** Where the ELF's own entry point comes to lie if nothing is moved; false: in no segment. */
bool loadable_entry(const struct loadable *loadable, uint64_t *phys);

/** Whether an address is within what is loaded, if nothing is moved. */
bool loadable_holds(const struct loadable *loadable, uint64_t phys);

/** Load it all. Gives in @moved how far from where it was linked to be. */
const char *loadable_load(const struct loadable *loadable, const struct boot_payload *payload,
                          const struct loadable_bounds *bounds, uint64_t *moved);

#endif
