/**
 * Private to the library and the boot programs: reading what a boot loader left.
 */
#ifndef LIB_FIRMWARE_BOOT_INFO_H
#define LIB_FIRMWARE_BOOT_INFO_H

#include <muster/boot_info.h>

#include "lib/memory_functions.h"

/** Through the hook, but never at 0 nor around the end of all addresses. NULL: not to be had. */
static inline const void *boot_info_map(const struct muster_platform *platform, uint64_t phys,
                                        uint64_t bytes)
{
    return phys && bytes <= UINT64_MAX - phys ? platform->map(platform->context, phys, bytes)
                                              : NULL;
}

/** A copy; false if it cannot be had. */
static inline bool boot_info_copy(const struct muster_platform *platform, uint64_t phys, void *to,
                                  size_t bytes)
{
    const void *from = boot_info_map(platform, phys, bytes);
    if (from)
        memcpy(to, from, bytes);
    return from != NULL;
}

/**
 * RSDP and device tree of UEFI's configuration table (UEFI 2.10, 4.6); the rest of @info stays.
 * Boot services may run.
 */
enum muster_status boot_info_find_uefi_tables(const struct muster_platform *platform,
                                              uint64_t system_table_phys,
                                              struct muster_boot_info *info);

#endif
