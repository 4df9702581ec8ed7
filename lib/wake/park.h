/**
 * Private to the library: the park area, where a CPU is when it is off.
 */
#ifndef LIB_WAKE_PARK_H
#define LIB_WAKE_PARK_H

#include <muster/machine.h>

#include "lib/atomic.h"

/**
 * What a parked CPU is told (muster_slot.command). Whoever takes a command, by a compare-and-swap
 * to PARK_STAY, decides: the CPU goes, or whoever gave it has taken it back.
 */
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

/** What every start is held to, before any CPU is told of it. */
static inline bool start_is_good(const struct muster_start *start)
{
    return start->entry && start->stack_top % 16 == 0;
}

/** How the calling CPU, which may be of another kind than the BSP, sleeps. */
enum muster_park_method park_method_of(const struct muster_machine *machine);

/** This CPU has come in: says so, with its stamps; false if it was too late or is not this
 *  slot's CPU, and must stay where it is. */
bool park_arrive(struct muster_slot *slot, enum muster_status loaded);

/** What an arriving CPU becomes: ON_PENDING if it was given its start early, else OFF. */
static inline enum muster_cpu_state slot_state_at_arrival(const struct muster_slot *slot)
{
    return word_load_acquire(&slot->command) == PARK_START ? MUSTER_CPU_ON_PENDING : MUSTER_CPU_OFF;
}

/**
 * Take an early start out of the slot of a CPU that is not to use it any more; false if there was
 * none, or the CPU has it.
 */
bool slot_take_early_start(struct muster_slot *slot);

/** This CPU has left its host for the park area: from here on it is OFF, or FAILED. */
bool park_return(struct muster_slot *slot, enum muster_status reloaded);

/** One look at the command: acts on the slot, never sleeps, never leaves. */
enum park_step park_step(struct muster_slot *slot);

/** The park loop: step, sleep, step ... until the CPU goes. */
__attribute__((noreturn)) void park_run(struct muster_slot *slot);

#endif
