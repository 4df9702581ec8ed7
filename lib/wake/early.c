/*
 * A start that is given before its CPU is there. It is the same command that a parked CPU gets, so
 * the same rule decides: whoever takes it out of the slot, the CPU or who gives it up.
 */
#include <muster/life.h>

#include "lib/atomic.h"
#include "lib/trace.h"
#include "lib/wake/park.h"
#include "lib/wake/way.h"

enum muster_status muster_cpu_on_arrival(struct muster_machine *machine, uint32_t apic_id,
                                         const struct muster_start *start)
{
    int32_t index = muster_machine_find(machine, apic_id);
    if (index < 0)
        return MUSTER_UNKNOWN_CPU;
    if (!start_is_good(start))
        return MUSTER_INVALID_ARGUMENT;
    struct muster_slot *slot = &machine->slots[index];
    /* Nobody may be on the way: who came at this moment could find half a start. */
    if (word_load_acquire(&slot->state) != MUSTER_CPU_ABSENT)
        return MUSTER_DENIED;
    slot->start = *start;
    muster_slot_set_kernel_stack(slot, start->stack_top);
    trace_boot(machine, MUSTER_TRACE_START_SENT, apic_id, 0);
    /* With the start; the CPU reads it once it has taken the command, in park_step(). */
    word_store_release(&slot->command, PARK_START);
    return MUSTER_OK;
}

bool slot_take_early_start(struct muster_slot *slot)
{
    return word_load_acquire(&slot->command) == PARK_START &&
           word_move(&slot->command, PARK_START, PARK_STAY);
}
