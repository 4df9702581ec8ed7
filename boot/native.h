/**
 * struct muster_platform on the bare processor: identity-mapped memory, real MSRs and APIC, time
 * from the TSC. Shared by shim and kernel.
 */
#ifndef BOOT_NATIVE_H
#define BOOT_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/platform.h>

/**
 * Fill in every hook; the caller may change some afterwards. Finds the TSC's frequency: from
 * CPUID where it says so, else against the PIT's channel 0 by latched reads (10 ms).
 * @mapped_end  first physical address that is not identity-mapped: map() gives NULL from there
 */
void native_platform_init(struct muster_platform *platform, uint64_t mapped_end);

/** boot/native_td.c: the hooks that are others in a TD. From native_platform_init(). */
void native_td_hooks(struct muster_platform *platform);

/** Sleep until an interrupt, which is taken. Interrupts off before and after. */
void native_idle(void);

/** Stop the calling CPU for good. */
__attribute__((noreturn)) void native_halt(void);

/** Who knows better what the TSC's frequency is. On the BSP, while nobody waits for a deadline. */
void native_set_tsc_hz(uint64_t hz);

/** Ticks of the TSC per second, as found. */
uint64_t native_tsc_hz(void);

/** Busy-wait (pause) on any CPU. */
void native_delay_ns(uint64_t ns);

#endif
