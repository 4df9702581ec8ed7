/*
 * The park area: every CPU comes in here first, on the kernel's own page table, stack and
 * descriptor tables, and sleeps until it is told where to go.
 */
#include "lib/wake/park.h"

#include <muster/order.h>

#include "lib/atomic.h"
#include "lib/cpu/clock.h"
#include "lib/cpu/cpu.h"
#include "lib/cpu/speculation.h"
#include "lib/wake/way.h"

static void arrival_stamps(struct muster_slot *slot)
{
    const struct muster_platform *platform = slot->machine->platform;
    void *context = platform->context;
    uint64_t *stamps_ns = slot->stamps_ns;
    stamps_ns[MUSTER_STAMP_FIRST_INSTRUCTION] = platform->tsc_to_ns(context, slot->first_tsc);
    stamps_ns[MUSTER_STAMP_LONG_MODE] = platform->tsc_to_ns(context, slot->long_mode_tsc);
    stamps_ns[MUSTER_STAMP_OWN_TABLES] = platform->time_ns(context);
    if (!slot->trace)
        return;
    for (unsigned i = MUSTER_STAMP_FIRST_INSTRUCTION; i <= MUSTER_STAMP_OWN_TABLES; i++)
        trace_write(slot->trace, stamps_ns[i], TRACE_OF_STAMP(i), 0, 0);
}

/* Who came in by its ID need not be asked for it again: only who was sent into a slot. */
static bool is_own_slot(const struct muster_slot *slot)
{
    return !slot->firmware_levels || muster_apic_id(slot->machine->platform) == slot->apic_id;
}

enum muster_park_method park_method_of(const struct muster_machine *machine)
{
    enum muster_park_method method = machine->config.park_method;
    bool lacks = method == MUSTER_PARK_MWAIT && !cpu_has_mwait(machine->platform, 0);
    return lacks ? MUSTER_PARK_HLT : method;
}

bool park_arrive(struct muster_slot *slot, enum muster_status loaded)
{
    arrival_stamps(slot);
    if (loaded == MUSTER_OK && !is_own_slot(slot))
        loaded = MUSTER_ERROR_WRONG_APIC_ID;
    if (loaded != MUSTER_OK) {
        slot_fail(slot, loaded);
        trace_own(slot, MUSTER_TRACE_FAILED, slot->apic_id, loaded);
        (void)slot_take_early_start(slot); /* nobody sleeps as long as there is a command */
        word_move(&slot->state, MUSTER_CPU_ADOPT_PENDING, MUSTER_CPU_FAILED);
        slot_fail(slot, loaded); /* again: a new adoption may have begun with a clean slot */
        return false;
    }
    enum muster_cpu_state state = slot_state_at_arrival(slot);
    slot->park_method = park_method_of(slot->machine);
    if (state == MUSTER_CPU_OFF) /* so that it can be started in an order */
        muster_topology_read(slot->machine->platform, slot->apic_id, &slot->topology);
    slot_stamp(slot, MUSTER_STAMP_PARKED);
    word_store_release(&slot->arrived, 1);
    /* Fails where the deadline came first: the CPU is parked all the same, but counts as lost. */
    word_move(&slot->state, MUSTER_CPU_ADOPT_PENDING, state);
    return true;
}

enum park_step park_step(struct muster_slot *slot)
{
    switch (word_load_acquire(&slot->command)) {
    case PARK_START:
        /* Acquire: the start that came with the command. Fails where it was taken back. */
        if (!word_move(&slot->command, PARK_START, PARK_STAY))
            return PARK_STEP_SLEEP;
        slot_stamp(slot, MUSTER_STAMP_ON);
        /* Counted before anybody can see it ON: whoever does may go off and leave it alone. */
        (void)word_fetch_add(&slot->machine->on_count, 1);
        word_move(&slot->state, MUSTER_CPU_ON_PENDING, MUSTER_CPU_ON); /* with the stamps */
        return PARK_STEP_ENTER;
    case PARK_HAND_BACK:
        return word_move(&slot->command, PARK_HAND_BACK, PARK_STAY) ? PARK_STEP_LEAVE
                                                                    : PARK_STEP_SLEEP;
    case PARK_CLOCK:
        return clock_begin(slot) ? PARK_STEP_CLOCK : PARK_STEP_SLEEP;
    default:
        return PARK_STEP_SLEEP;
    }
}

static void park_sleep(struct muster_slot *slot)
{
    const struct muster_platform *platform = slot->machine->platform;
    if (slot->park_method == MUSTER_PARK_MWAIT)
        cpu_sleep_by_mwait(&slot->command, PARK_STAY, slot->machine->config.mwait_hint);
    else
        platform->sleep(platform->context, &slot->command, PARK_STAY);
}

void park_run(struct muster_slot *slot)
{
    for (;;) {
        switch (park_step(slot)) {
        case PARK_STEP_ENTER:
            cpu_enter(slot);
        case PARK_STEP_LEAVE:
            trace_own(slot, MUSTER_TRACE_LEFT, 0, 0);
            speculation_barrier(slot->machine->platform, &slot->machine->profile);
            cpu_leave(slot->machine->mailbox.reset_vector_phys);
        case PARK_STEP_CLOCK:
            (void)clock_run(slot);
            break;
        case PARK_STEP_SLEEP:
            park_sleep(slot);
        }
    }
}

/* Refused: nobody will ever tell it to go. */
static __attribute__((noreturn)) void park_refused(struct muster_slot *slot)
{
    for (;;)
        park_sleep(slot);
}

void park_enter(struct muster_slot *slot)
{
    if (park_arrive(slot, cpu_load(slot, slot)))
        park_run(slot);
    park_refused(slot);
}

bool park_return(struct muster_slot *slot, enum muster_status reloaded)
{
    if (reloaded) {
        slot_fail(slot, reloaded);
        word_store_release(&slot->arrived, 0); /* not to be adopted again */
        trace_own(slot, MUSTER_TRACE_FAILED, slot->apic_id, reloaded);
    } else {
        trace_own(slot, MUSTER_TRACE_OFF, 0, 0);
    }
    /*
     * The CPU stands on its park stack, its GS base is the slot, its CR3 the park table: nothing
     * of the host's is touched after this. Release: a stack that is used again the moment that
     * OFF is seen is not written to by us, nor read, behind the new owner's back.
     */
    word_move(&slot->state, MUSTER_CPU_OFF_PENDING, reloaded ? MUSTER_CPU_FAILED : MUSTER_CPU_OFF);
    return !reloaded;
}

void park_reenter(struct muster_slot *slot)
{
    if (park_return(slot, cpu_reload(slot)))
        park_run(slot);
    park_refused(slot);
}
