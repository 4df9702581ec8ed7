/**
 * What the boot loader left, by whichever protocol: where the RSDP is, the device tree, the command
 * line, and the memory map. Each may be used by itself, before anything else of the library.
 *
 * All of it is hostile: it is copied before it is looked at, and what runs past its end is refused.
 * Nothing here keeps it from being overwritten: that is the caller's part, who knows what of it is
 * still to be read. On the BSP; of @platform only the hook map is used.
 *
 * Errors: MUSTER_ERROR_BOOT_INFO for what is no information of this protocol, does not hold
 * together or cannot be mapped; MUSTER_ERROR_MAP_MALFORMED, MUSTER_ERROR_MAP_FULL and
 * MUSTER_ERROR_RANGE_INVALID as muster/memory.h has them. @info and what was added to @map before
 * are then no more than a part.
 *
 * A kernel that is started by several protocols, which it tells apart at its entries:
 *
 * @code
 * #include <muster/boot_info.h>
 *
 * static struct muster_memory_range ranges[256];
 * static struct muster_memory_map memory;
 *
 * enum protocol { BY_MULTIBOOT2, BY_LINUX, BY_UEFI, BY_LIMINE };
 *
 * union entry {
 *     uint64_t phys;
 *     struct muster_uefi uefi;
 *     struct muster_limine limine;
 * };
 *
 * enum muster_status read_boot_info(const struct muster_platform *platform, enum protocol protocol,
 *                                   const union entry *from, struct muster_boot_info *info)
 * {
 *     muster_memory_init(&memory, ranges, 256);
 *     switch (protocol) {
 *     case BY_MULTIBOOT2:
 *         return muster_boot_info_from_multiboot2(platform, from->phys, info, &memory);
 *     case BY_LINUX:
 *         return muster_boot_info_from_linux(platform, from->phys, info, &memory);
 *     case BY_UEFI:
 *         return muster_boot_info_from_uefi(platform, &from->uefi, info, &memory);
 *     default:
 *         return muster_boot_info_from_limine(platform, &from->limine, info, &memory);
 *     }
 * }
 * @endcode
 */
#ifndef MUSTER_BOOT_INFO_H
#define MUSTER_BOOT_INFO_H

#include <stdint.h>

#include <muster/memory.h>
#include <muster/platform.h>
#include <muster/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What was found. Whatever lies there has not been looked at. */
struct muster_boot_info {
    uint64_t rsdp_phys;    /* for muster_discover(); 0: not told, try muster_rsdp_scan() */
    uint64_t fdt_phys;     /* for muster_discover_fdt(); 0: there is none */
    uint64_t cmdline_phys; /* where the command line begins; 0: there is none */
};

/**
 * PVH (Xen, public/arch-x86/hvm/start_info.h): @start_phys is EBX at the entry. A device tree is a
 * module whose command line is "devicetree", as Muster's shim passes it; PVH itself knows of none.
 * The last one of that name counts.
 */
enum muster_status muster_boot_info_from_pvh(const struct muster_platform *platform,
                                             uint64_t start_phys, struct muster_boot_info *info,
                                             struct muster_memory_map *map);

/**
 * Multiboot 1 (0.6.96, 3.3): @info_phys is EBX at the entry, where EAX was 0x2BADB002. It has no
 * word for RSDP or device tree.
 */
enum muster_status muster_boot_info_from_multiboot(const struct muster_platform *platform,
                                                   uint64_t info_phys,
                                                   struct muster_boot_info *info,
                                                   struct muster_memory_map *map);

/**
 * Multiboot 2 (2.0, 3.6): @info_phys is EBX at the entry, where EAX was 0x36D76289. The RSDP is the
 * loader's copy, within the information. A device tree is a module as by PVH. Of UEFI's memory
 * map, where there is one too, all counts that is not free memory. MUSTER_NOT_SUPPORTED while
 * UEFI's boot services still run: the APs are theirs.
 */
enum muster_status muster_boot_info_from_multiboot2(const struct muster_platform *platform,
                                                    uint64_t info_phys,
                                                    struct muster_boot_info *info,
                                                    struct muster_memory_map *map);

/**
 * Linux's boot protocol (Documentation/arch/x86/boot.rst and zero-page.rst): @params_phys is RSI at
 * the 64-bit entry. Of setup_data the device tree and the rest of a long memory map are read. A
 * BIOS's loader may leave rsdp_phys 0.
 */
enum muster_status muster_boot_info_from_linux(const struct muster_platform *platform,
                                               uint64_t params_phys, struct muster_boot_info *info,
                                               struct muster_memory_map *map);

/** What a kernel has that UEFI itself started, or that was told of it by a loader. */
struct muster_uefi {
    uint64_t system_table_phys; /* the second argument of the image's entry */
    uint64_t map_phys;          /* what GetMemoryMap() wrote */
    uint32_t map_bytes;         /* its MemoryMapSize ... */
    uint32_t entry_bytes;       /* ... and DescriptorSize, at least 40 */
};

/**
 * UEFI (2.10): RSDP and device tree by the configuration table (4.6), memory by the map (7.2.3)
 * whose key ExitBootServices() took. After that only: until then the APs are UEFI's, and the map
 * says usable of what boot services use. The loader's memory is usable, too: the image itself, its
 * stack and this map lie in it, and are the caller's to reserve. cmdline_phys is 0: UEFI's words
 * are UCS-2, in EFI_LOADED_IMAGE_PROTOCOL. Nothing of UEFI is called.
 */
enum muster_status muster_boot_info_from_uefi(const struct muster_platform *platform,
                                              const struct muster_uefi *left,
                                              struct muster_boot_info *info,
                                              struct muster_memory_map *map);

/** Response pointers as the loader wrote them into the kernel's requests; 0: no answer. */
struct muster_limine {
    uint64_t hhdm_offset; /* of the HHDM response; the hook map is given addresses without it */
    uint64_t memory_map;  /* memmap response */
    uint64_t rsdp;        /* RSDP response; its address may be with or without the offset */
    uint64_t device_tree; /* device tree blob response */
    uint64_t cmdline;     /* executable command line response */
};

/**
 * The Limine boot protocol (PROTOCOL.md, base revisions 0 to 4). What the loader itself still uses
 * (its responses and page tables, the stack at the entry) is usable and MUSTER_OWNER_BOOT's:
 * muster_memory_release() it once nothing of it is in use. Kernel and modules are
 * MUSTER_OWNER_IMAGE's. From base revision 1 on the direct map leaves out some of the memory that
 * ACPI tables lie in: the hook map must map what it is asked for.
 * MUSTER_ERROR_RANGE_OWNED where these overlap.
 */
enum muster_status muster_boot_info_from_limine(const struct muster_platform *platform,
                                                const struct muster_limine *left,
                                                struct muster_boot_info *info,
                                                struct muster_memory_map *map);

#ifdef __cplusplus
}
#endif
#endif
