/**
 * Private to the library: reading what a boot loader left.
 */
#ifndef LIB_FIRMWARE_BOOT_INFO_H
#define LIB_FIRMWARE_BOOT_INFO_H

#include <muster/boot_info.h>

/** Through the hook, but never at 0 nor around the end of all addresses. NULL: not to be had. */
const void *boot_info_map(const struct muster_platform *platform, uint64_t phys, uint64_t bytes);

/** A copy; false if it cannot be had. */
bool boot_info_copy(const struct muster_platform *platform, uint64_t phys, void *to, size_t bytes);

#endif
