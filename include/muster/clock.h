/**
 * Clocks: how far each CPU's time-stamp counter is from the BSP's, and how sure that is.
 *
 * A CPU asks, the BSP answers with its counter: the answer was read between question and its
 * arrival, so the middle of the two is wrong by half the round trip at most. Of several rounds
 * the shortest counts. Measured only when the host asks, since the BSP must answer each round.
 */
#ifndef MUSTER_CLOCK_H
#define MUSTER_CLOCK_H

#include <muster/machine.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MUSTER_CLOCK_ROUNDS      8u /* and as many again after each correction */
#define MUSTER_CLOCK_CORRECTIONS 4u /* of one CPU, at most */

/**
 * Measure the CPU at @index, which is parked, or ON and in muster_clock_join(), and correct it
 * through IA32_TSC_ADJUST where it has that, the offset is larger than its uncertainty, and this is
 * no TD (where the TDX module keeps the counters, and it is checked only). A correction is as wrong
 * as the measurement before it: what the next finds of that is taken off, too. The outcome is in
 * its slot's clock. Stamps that the CPU took before a correction stay as they are.
 *
 * On the BSP, interrupts off, one at a time. @index is below machine->cpu_count.
 *
 * @return MUSTER_OK: clock.known; MUSTER_DENIED: it is the BSP, or neither parked nor ON, or
 *         another CPU is turning it on; MUSTER_TIME_OUT: it did not come to an end of it, and
 *         stays what it was;
 *         MUSTER_NOT_SUPPORTED: the platform has no tsc hook; MUSTER_ERROR_APIC_STUCK,
 *         _BEYOND_XAPIC: it could not be told
 */
enum muster_status muster_clock_measure(struct muster_machine *machine, uint32_t index,
                                        uint64_t timeout_ns);

/**
 * On a CPU that is ON, interrupts off: be measured by muster_clock_measure(), which the BSP calls
 * before, meanwhile or after. Measuring is done one by one, and takes longer than a bring-up: so it
 * is the host's choice whether it comes before the first thread (parked CPUs) or behind it.
 * Behind it a correction moves the CPU's clock under the threads that are there by then.
 *
 * @param slot  the calling CPU's own
 * @return MUSTER_OK; MUSTER_TIME_OUT: the BSP did not come to it, or not to an end of it
 */
enum muster_status muster_clock_join(struct muster_slot *slot, uint64_t timeout_ns);

/** muster_clock_measure() for every parked CPU, each with @timeout_ns; gives the first failure. */
enum muster_status muster_clock_measure_all(struct muster_machine *machine, uint64_t timeout_ns);

#ifdef __cplusplus
}
#endif
#endif
