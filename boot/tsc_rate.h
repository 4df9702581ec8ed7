/**
 * The TSC's rate, by a counter of known rate, where neither processor nor hypervisor tells it.
 */
#ifndef BOOT_TSC_RATE_H
#define BOOT_TSC_RATE_H

#include <stdint.h>

/** A counter of 16 bits that counts down, read between two readings of the TSC. */
struct tsc_look {
    uint64_t before, after;
    uint16_t count;
};

/**
 * Measure until two measurements of 10 ms agree, a few times at most; then the last one stands.
 *
 * @param look        reads the counter; it must be read more often than once in 65536 ticks
 * @param counter_hz  its rate
 * @return ticks of the TSC in a second, or 0 if the counter does not count
 */
uint64_t tsc_rate_measure(struct tsc_look (*look)(void), uint32_t counter_hz);

#endif
