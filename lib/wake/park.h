/**
 * Private to the library: the park area, where a CPU is when it is off.
 */
#ifndef LIB_WAKE_PARK_H
#define LIB_WAKE_PARK_H

#include <muster/cpu.h>

/** What a parked CPU is told (muster_slot.command). */
enum park_command {
    PARK_STAY = 0,
    PARK_START,     /* go to slot->start.entry */
    PARK_HAND_BACK, /* go to the firmware's ResetVector */
    PARK_CLOCK,     /* measure the clock against the BSP's, and stay */
};

/** What one step of the park loop found. */
enum park_step {
    PARK_STEP_SLEEP, /* nothing: the caller sleeps, then steps again */
    PARK_STEP_ENTER, /* the CPU is ON: to its entry */
    PARK_STEP_LEAVE, /* back to the firmware */
    PARK_STEP_CLOCK, /* measure the clock, then step again */
};

/** This CPU has come in: says so, with its stamps; false if it was too late or is not this
 *  slot's CPU, and must stay where it is. */
bool park_arrive(struct muster_slot *slot, enum muster_status loaded);

/** One look at the command: acts on the slot, never sleeps, never leaves. */
enum park_step park_step(struct muster_slot *slot);

/** The park loop: step, sleep, step ... until the CPU goes. */
__attribute__((noreturn)) void park_run(struct muster_slot *slot);

#endif
