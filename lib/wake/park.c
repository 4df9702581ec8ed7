/*
 * The park area: every CPU comes in here first, on the kernel's own page table, stack and
 * descriptor tables, and sleeps until it is told where to go.
 */
#include "lib/wake/park.h"

#include <muster/order.h>

#include "lib/atomic.h"
#include "lib/cpu/clock.h"
#include "lib/cpu/cpu.h"
#include "lib/wake/way.h"

static void arrival_stamps(struct muster_slot *slot)
{
    const struct muster_platform *platform = slot->machine->platform;
    void *context = platform->context;
    slot_stamp_at(slot, MUSTER_STAMP_FIRST_INSTRUCTION,
                  platform->tsc_to_ns(context, slot->first_tsc));
    slot_stamp_at(slot, MUSTER_STAMP_LONG_MODE, platform->tsc_to_ns(context, slot->long_mode_tsc));
    slot_stamp(slot, MUSTER_STAMP_OWN_TABLES);
}

bool park_arrive(struct muster_slot *slot, enum muster_status loaded)
{
    arrival_stamps(slot);
    if (loaded == MUSTER_OK && muster_apic_id(slot->machine->platform) != slot->apic_id)
        loaded = MUSTER_ERROR_WRONG_APIC_ID;
    if (loaded != MUSTER_OK) {
        slot_fail(slot, loaded);
        trace_own(slot, MUSTER_TRACE_FAILED, slot->apic_id, loaded);
        word_move(&slot->state, MUSTER_CPU_ADOPT_PENDING, MUSTER_CPU_FAILED);
        return false;
    }
    muster_topology_read(slot->machine->platform, slot->apic_id, &slot->topology);
    slot_stamp(slot, MUSTER_STAMP_PARKED);
    word_store_release(&slot->arrived, 1);
    /* Fails where the deadline came first: the CPU is parked all the same, but counts as lost. */
    word_move(&slot->state, MUSTER_CPU_ADOPT_PENDING, MUSTER_CPU_OFF);
    return true;
}

enum park_step park_step(struct muster_slot *slot)
{
    switch (word_load_acquire(&slot->command)) {
    case PARK_START:
        slot_stamp(slot, MUSTER_STAMP_ON);
        /*
         * Release: whoever sees ON sees the stamps too. Fails where the deadline came first: its
         * stack may be anybody's by now. Whoever gave it up takes the command back.
         */
        if (!word_move(&slot->state, MUSTER_CPU_ON_PENDING, MUSTER_CPU_ON)) {
            slot->stamps_ns[MUSTER_STAMP_ON] = 0;
            trace_own(slot, MUSTER_TRACE_FAILED, slot->apic_id, MUSTER_TIME_OUT);
            return PARK_STEP_SLEEP;
        }
        word_store_release(&slot->command, PARK_STAY);
        return PARK_STEP_ENTER;
    case PARK_HAND_BACK:
        /* Who takes the command decides: this CPU leaves, or hand_back.c has withdrawn it. */
        return word_move(&slot->command, PARK_HAND_BACK, PARK_STAY) ? PARK_STEP_LEAVE
                                                                    : PARK_STEP_SLEEP;
    case PARK_CLOCK:
        return PARK_STEP_CLOCK;
    default:
        return PARK_STEP_SLEEP;
    }
}

void park_run(struct muster_slot *slot)
{
    const struct muster_platform *platform = slot->machine->platform;
    for (;;) {
        switch (park_step(slot)) {
        case PARK_STEP_ENTER:
            cpu_enter(slot);
        case PARK_STEP_LEAVE:
            trace_own(slot, MUSTER_TRACE_LEFT, 0, 0);
            cpu_leave(slot->machine->mailbox.reset_vector_phys);
        case PARK_STEP_CLOCK:
            clock_run(slot);
            break;
        case PARK_STEP_SLEEP:
            platform->sleep(platform->context, &slot->command, PARK_STAY);
        }
    }
}

void park_enter(struct muster_slot *slot)
{
    const struct muster_platform *platform = slot->machine->platform;
    if (park_arrive(slot, cpu_load(slot, slot)))
        park_run(slot);
    for (;;) /* refused: nobody will ever tell it to go */
        platform->sleep(platform->context, &slot->command, PARK_STAY);
}
