/* Processors that come and go while the machine runs: one at a time, each by its own INIT. */
#include <muster/hotplug.h>

#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/wake/park.h"
#include "lib/wake/way.h"

/* The BSP's INIT would reset the machine, and a mailbox's firmware knows nothing of newcomers. */
static enum muster_status find_hot_pluggable(const struct muster_machine *machine,
                                             const struct muster_plan *plan, uint32_t apic_id,
                                             uint32_t *index)
{
    int32_t found = muster_machine_find(machine, apic_id);
    if (found < 0)
        return MUSTER_UNKNOWN_CPU;
    if (plan->way != MUSTER_WAY_SIPI)
        return MUSTER_NOT_SUPPORTED;
    if (!plan->x2apic && apic_id >= APIC_XAPIC_ID_LIMIT)
        return MUSTER_ERROR_APIC_ID_BEYOND_XAPIC;
    *index = (uint32_t)found;
    return *index == machine->bsp ? MUSTER_DENIED : MUSTER_OK;
}

/*
 * Another CPU than the one that was in it, perhaps. One that is in it still (it failed, or has
 * left and not been taken out) is reset by the INIT that follows, and comes anew.
 */
static void slot_begin_life(struct muster_slot *slot)
{
    slot_fail(slot, MUSTER_OK);
    for (unsigned stamp = 0; stamp < MUSTER_STAMP_COUNT; stamp++)
        slot->stamps_ns[stamp] = 0;
    slot->clock = (struct muster_clock){0};
    word_store_release(&slot->measuring, 0);
    word_store_release(&slot->command, PARK_STAY);
    slot_vacate(slot);
}

enum muster_status muster_cpu_arrive(struct muster_machine *machine, const struct muster_plan *plan,
                                     uint32_t apic_id, uint64_t timeout_ns)
{
    uint32_t index;
    enum muster_status status = find_hot_pluggable(machine, plan, apic_id, &index);
    if (status)
        return status;
    struct muster_slot *slot = &machine->slots[index];
    enum muster_cpu_state state = muster_cpu_state(machine, index);
    if (state != MUSTER_CPU_ABSENT && state != MUSTER_CPU_FAILED)
        return MUSTER_DENIED;
    machine->cpus[index].enabled = true;
    machine->cpus[index].online_capable = false;
    slot_begin_life(slot);
    word_move(&slot->state, state, MUSTER_CPU_ADOPT_PENDING); /* nobody else moves it */
    adopt_pending(machine, plan, timeout_ns);
    return slot_give_up(slot) ? MUSTER_TIME_OUT : MUSTER_OK;
}

enum muster_status muster_cpu_leave(struct muster_machine *machine, const struct muster_plan *plan,
                                    uint32_t apic_id)
{
    uint32_t index;
    enum muster_status status = find_hot_pluggable(machine, plan, apic_id, &index);
    if (status)
        return status;
    struct muster_word *state = &machine->slots[index].state;
    /* Whoever turns it on at this moment wins the state, or finds it gone. */
    if (!word_move(state, MUSTER_CPU_OFF, MUSTER_CPU_ABSENT) &&
        !word_move(state, MUSTER_CPU_FAILED, MUSTER_CPU_ABSENT))
        return MUSTER_DENIED;
    machine->cpus[index].enabled = false;
    machine->cpus[index].online_capable = true;
    return MUSTER_OK;
}
