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
 * Measure the parked CPU at @index, and correct it through IA32_TSC_ADJUST where it has that,
 * the offset is larger than its uncertainty, and this is no TD (where the TDX module keeps the
 * counters, and it is checked only). A correction is as wrong as the measurement before it: what
 * the next finds of that is taken off, too. The outcome is in its slot's clock. Stamps that the CPU
 * took before a correction stay as they are.
 *
 * On the BSP, interrupts off, one at a time.
 *
 * @return MUSTER_OK: clock.known; MUSTER_DENIED: it is not parked, or another CPU is turning it
 *         on; MUSTER_TIME_OUT: it did not come to an end of it, and stays parked;
 *         MUSTER_NOT_SUPPORTED: the platform has no tsc hook; MUSTER_ERROR_APIC_STUCK,
 *         _BEYOND_XAPIC: it could not be told
 */
enum muster_status muster_clock_measure(struct muster_machine *machine, uint32_t index,
                                        uint64_t timeout_ns);

/** The same for every parked CPU, each with @timeout_ns; gives the first failure. */
enum muster_status muster_clock_measure_all(struct muster_machine *machine, uint64_t timeout_ns);

#ifdef __cplusplus
}
#endif
#endif
