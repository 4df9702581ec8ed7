/**
 * Processors that come and go while the machine runs. See docs/life.md.
 *
 * Who notices that one has come, or is asked for, is the host: by the registers of its hypervisor
 * or the methods of its DSDT. The library gets the APIC ID. It takes only processors that the
 * firmware lists, so that a host can neither be made to wake an ID that no slot belongs to nor
 * run out of storage; and it wakes them by INIT-SIPI only: no firmware parks a newcomer, so
 * neither at a mailbox nor in a TD is there anything to wake it by.
 *
 * Both calls: on the BSP, as muster_adopt() and muster_cpu_hand_back(), one of these at a time,
 * with interrupts off. All other CPUs may go on with their lives (muster/life.h) meanwhile: none of
 * them is touched.
 *
 * What firmware does for the processors of a boot nobody does for a newcomer: microcode, locks in
 * MSRs, the base of SMM. MTRRs, PAT and control registers are the library's: the profile's.
 */
#ifndef MUSTER_HOTPLUG_H
#define MUSTER_HOTPLUG_H

#include <stdint.h>

#include <muster/wake.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A processor that is ABSENT is there now: bring it into the park area. It is enabled and OFF
 * afterwards, as one that muster_adopt() has taken, and muster_cpu_on() turns it on. One that is
 * FAILED is tried again.
 *
 * @return MUSTER_OK; MUSTER_UNKNOWN_CPU if the machine does not list it; MUSTER_NOT_SUPPORTED
 *         unless the plan's way is INIT-SIPI; MUSTER_ERROR_APIC_ID_BEYOND_XAPIC; MUSTER_DENIED
 *         if it is in already (OFF, ON, or between) or is the BSP; MUSTER_TIME_OUT if it did not
 *         come, or was refused: it is FAILED, and muster_slot.failure says why
 */
enum muster_status muster_cpu_arrive(struct muster_machine *machine, const struct muster_plan *plan,
                                     uint32_t apic_id, uint64_t timeout_ns);

/**
 * A processor that is OFF, or FAILED, is about to be taken out: nobody can turn it on from here
 * on. It is ABSENT and no longer enabled; it sleeps in its slot, touching nothing else, until it
 * is out; only then may the slot's memory go. It may come again by muster_cpu_arrive().
 *
 * @return MUSTER_OK; MUSTER_UNKNOWN_CPU; MUSTER_NOT_SUPPORTED unless the plan's way is INIT-SIPI
 *         (it could not come again); MUSTER_DENIED if it is in another state, or is the BSP
 */
enum muster_status muster_cpu_leave(struct muster_machine *machine, const struct muster_plan *plan,
                                    uint32_t apic_id);

#ifdef __cplusplus
}
#endif
#endif
