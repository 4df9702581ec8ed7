/**
 * The local APIC's timer (SDM vol. 3, 11.5.4): a CPU sleeps by it until somebody wants it, or for
 * a while. Its vector is the program's, which has no more to do about it than the EOI.
 */
#ifndef BOOT_TIMER_H
#define BOOT_TIMER_H

#include <stdint.h>

#include <muster/platform.h>

/** How fast it counts, on all CPUs. On the BSP, once, before any other of these. Takes 3 ms. */
void timer_calibrate(const struct muster_platform *platform, uint8_t vector);

/**
 * On each CPU before it naps: once, and not for every nap, since in a TD each write is a call of
 * the host.
 */
void timer_on(const struct muster_platform *platform, uint8_t vector);

/** Sleep for @ms, or less: any interrupt ends it. Interrupts off before and after. */
void timer_nap(const struct muster_platform *platform, uint32_t ms);

/** No tick comes any more: one that is already on its way is taken here. */
void timer_off(const struct muster_platform *platform, uint8_t vector);

#endif
