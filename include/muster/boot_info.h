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
 * loader's copy, within the information. Of UEFI's memory map, where there is one too, all counts
 * that is not free memory. MUSTER_NOT_SUPPORTED while UEFI's boot services still run: the APs are
 * theirs.
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

#ifdef __cplusplus
}
#endif
#endif
