/**
 * A moment that an outside trace of the local APIC shows (abi/handover.h).
 */
#ifndef BOOT_MARK_H
#define BOOT_MARK_H

#include <stdint.h>

#include <muster/platform.h>

/** Write one of the marks of abi/handover.h. The calling CPU's APIC timer is stopped by it. */
void mark_write(const struct muster_platform *platform, uint32_t mark);

#endif
