/*
 * A CPU's life: on and off. Each change of state is one compare-and-swap, so that of several
 * callers one wins. What a parked CPU is told is a word of its own (lib/wake/park.h), and whoever
 * takes a command out of it decides: the CPU, which then goes, or whoever gives it up, and then it
 * never will. So nobody can end a start that the CPU has taken, and no CPU can take a start whose
 * data is not complete.
 */
#include <muster/life.h>
#include <muster/wake.h>

#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/apic.h"
#include "lib/cpu/cpu.h"
#include "lib/patience.h"
#include "lib/trace.h"
#include "lib/wake/park.h"
#include "lib/wake/way.h"

/* A CPU that has taken its start is ON a few instructions later, unless something holds it. */
#define TAKEN_NS 1000000u

static struct muster_slot *slot_of(const struct muster_machine *machine, uint32_t apic_id)
{
    int32_t index = muster_machine_find(machine, apic_id);
    return index < 0 ? NULL : &machine->slots[index];
}

static enum muster_cpu_state slot_state(const struct muster_slot *slot)
{
    return (enum muster_cpu_state)word_load_acquire(&slot->state);
}

enum muster_cpu_state muster_cpu_state(const struct muster_machine *machine, uint32_t index)
{
    return slot_state(&machine->slots[index]);
}

/* On whichever CPU this is: into its own ring, as no other CPU writes there (lib/trace.h). */
static void trace_caller(const struct muster_machine *machine, enum muster_trace_event event,
                         uint32_t argument, uint64_t value)
{
    if (!machine->trace) /* then the APIC need not be asked who this is */
        return;
    const struct muster_slot *caller = slot_of(machine, muster_apic_id(machine->platform));
    if (caller)
        trace_own(caller, event, argument, value);
}

/* Claim a parked CPU for a start; else what it is instead, as PSCI's CPU_ON answers. */
static enum muster_status claim_for_start(struct muster_slot *slot)
{
    while (!word_move(&slot->state, MUSTER_CPU_OFF, MUSTER_CPU_ON_PENDING)) {
        switch (slot_state(slot)) {
        case MUSTER_CPU_OFF:
            continue; /* it has gone off in between */
        case MUSTER_CPU_ON:
        case MUSTER_CPU_OFF_PENDING:
            return MUSTER_ALREADY_ON;
        case MUSTER_CPU_ON_PENDING:
            return MUSTER_ON_PENDING;
        default:
            return MUSTER_DENIED;
        }
    }
    return MUSTER_OK;
}

/* All but the interrupt: from here on the CPU may take its start, if it looks. */
static enum muster_status slot_tell_start(struct muster_slot *slot,
                                          const struct muster_start *start)
{
    enum muster_status status = claim_for_start(slot);
    if (status)
        return status;
    slot_fail(slot, MUSTER_OK);
    slot->start = *start;
    muster_slot_set_kernel_stack(slot, start->stack_top);
    trace_caller(slot->machine, MUSTER_TRACE_START_SENT, slot->apic_id, 0);
    /* The CPU reads its start once it has taken the command: pairs with park_step(). */
    word_store_release(&slot->command, PARK_START);
    return MUSTER_OK;
}

/* The interrupt could not be sent. One that was awake has seen the word without it. */
static enum muster_status slot_take_start_back(struct muster_slot *slot, enum muster_status why)
{
    if (!word_move(&slot->command, PARK_START, PARK_STAY))
        return MUSTER_OK;
    slot_fail(slot, why);
    trace_caller(slot->machine, MUSTER_TRACE_FAILED, slot->apic_id, why);
    word_move(&slot->state, MUSTER_CPU_ON_PENDING, MUSTER_CPU_OFF);
    return why;
}

static enum muster_status slot_wake(struct muster_slot *slot)
{
    const struct muster_machine *machine = slot->machine;
    enum muster_status status =
        muster_apic_send(machine->platform, slot->apic_id, machine->config.wake_vector);
    return status ? slot_take_start_back(slot, status) : MUSTER_OK;
}

enum muster_status muster_cpu_on(struct muster_machine *machine, uint32_t apic_id,
                                 const struct muster_start *start)
{
    struct muster_slot *slot = slot_of(machine, apic_id);
    if (!slot)
        return MUSTER_UNKNOWN_CPU;
    if (!start_is_good(start))
        return MUSTER_INVALID_ARGUMENT;
    enum muster_status status = slot_tell_start(slot, start);
    return status ? status : slot_wake(slot);
}

/* Wait until the slot is @wanted, as long as it is in one of @on_the_way (bits by state). */
static bool await_state(const struct muster_slot *slot, enum muster_cpu_state wanted,
                        unsigned on_the_way, uint64_t deadline_ns)
{
    const struct muster_platform *platform = slot->machine->platform;
    struct patience patience = {0};
    for (;;) {
        enum muster_cpu_state state = slot_state(slot);
        if (state == wanted || !(on_the_way >> state & 1))
            return true;
        if (patience_is_over(&patience, slot->machine, deadline_ns))
            return false;
        platform->wait(platform->context, &slot->state, state, deadline_ns);
    }
}

/*
 * Its time is over. Taken back, the command is nobody's, and the CPU stays parked. If there is
 * none, the CPU has taken it and uses its start from now on; or another CPU is about to give it.
 */
static enum muster_status give_start_up(struct muster_slot *slot)
{
    const struct muster_platform *platform = slot->machine->platform;
    if (word_move(&slot->command, PARK_START, PARK_STAY)) {
        slot_fail(slot, clock_stands(slot->machine) ? MUSTER_ERROR_CLOCK_STANDS
                                                    : MUSTER_ERROR_NOT_ARRIVED);
        trace_caller(slot->machine, MUSTER_TRACE_FAILED, slot->apic_id, slot_failure(slot));
        word_move(&slot->state, MUSTER_CPU_ON_PENDING, MUSTER_CPU_FAILED);
        return MUSTER_TIME_OUT;
    }
    await_state(slot, MUSTER_CPU_ON, 1u << MUSTER_CPU_ON_PENDING,
                time_after(platform->time_ns(platform->context), TAKEN_NS));
    return slot_state(slot) == MUSTER_CPU_ON ? MUSTER_OK : MUSTER_TIME_OUT;
}

static enum muster_status slot_await_on(struct muster_slot *slot, uint64_t deadline_ns)
{
    if (!await_state(slot, MUSTER_CPU_ON, 1u << MUSTER_CPU_ON_PENDING, deadline_ns))
        return give_start_up(slot);
    return slot_state(slot) == MUSTER_CPU_ON ? MUSTER_OK : MUSTER_DENIED;
}

static enum muster_status slot_await_off(const struct muster_slot *slot, uint64_t deadline_ns)
{
    const unsigned on_the_way =
        1u << MUSTER_CPU_ON_PENDING | 1u << MUSTER_CPU_ON | 1u << MUSTER_CPU_OFF_PENDING;
    if (!await_state(slot, MUSTER_CPU_OFF, on_the_way, deadline_ns))
        return MUSTER_TIME_OUT;
    return slot_state(slot) == MUSTER_CPU_OFF ? MUSTER_OK : MUSTER_DENIED;
}

enum muster_status muster_cpu_wait(struct muster_machine *machine, uint32_t apic_id,
                                   enum muster_cpu_state wanted, uint64_t timeout_ns)
{
    const struct muster_platform *platform = machine->platform;
    struct muster_slot *slot = slot_of(machine, apic_id);
    if (!slot)
        return MUSTER_UNKNOWN_CPU;
    uint64_t deadline_ns = time_after(platform->time_ns(platform->context), timeout_ns);
    switch (wanted) {
    case MUSTER_CPU_ON:
        return slot_await_on(slot, deadline_ns);
    case MUSTER_CPU_OFF:
        return slot_await_off(slot, deadline_ns);
    default:
        return MUSTER_INVALID_ARGUMENT;
    }
}

/* ---- All of them ---- */

/* Who is to start, and in which order. */
struct start_list {
    struct muster_machine *machine;
    const uint32_t *order; /* NULL: as listed */
    uint32_t count;
};

/* The slot at @place of the list, if it is in @state; else NULL. */
static struct muster_slot *listed_in(const struct start_list *list, uint32_t place,
                                     enum muster_cpu_state state)
{
    uint32_t index = list->order ? list->order[place] : place;
    if (index >= list->machine->cpu_count)
        return NULL;
    struct muster_slot *slot = &list->machine->slots[index];
    return slot_state(slot) == state ? slot : NULL;
}

/* How many are to go, or -1: one that cannot leaves the others where they are. */
static int64_t count_startable(const struct start_list *list)
{
    int64_t count = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct muster_slot *slot = listed_in(list, i, MUSTER_CPU_OFF);
        if (!slot)
            continue;
        if (!start_is_good(&slot->start))
            return -1;
        count++;
    }
    return count;
}

static bool start_each(const struct start_list *list)
{
    bool all = true;
    for (uint32_t i = 0; i < list->count; i++) {
        struct muster_slot *slot = listed_in(list, i, MUSTER_CPU_OFF);
        if (slot && slot_tell_start(slot, &slot->start) == MUSTER_OK)
            all &= slot_wake(slot) == MUSTER_OK;
    }
    return all;
}

/* A broadcast reaches all others: only where each of them is known, parked, and to be started. */
static bool may_start_together(const struct start_list *list)
{
    const struct muster_machine *machine = list->machine;
    if (machine->disabled_count || machine->config.no_broadcast || machine->cpu_count < 3 ||
        (list->order && list->count != machine->cpu_count - 1))
        return false;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (i != machine->bsp && slot_state(&machine->slots[i]) != MUSTER_CPU_OFF)
            return false;
    return true;
}

/* How many have been told. */
static uint32_t tell_all(const struct start_list *list)
{
    uint32_t told = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        struct muster_slot *slot = listed_in(list, i, MUSTER_CPU_OFF);
        told += slot && slot_tell_start(slot, &slot->start) == MUSTER_OK;
    }
    return told;
}

/*
 * One interrupt wakes all: a message to each takes longer than all the rest of a start
 * (docs/simulate.md). With an order that names one twice and another not at all, each that was
 * told gets its own after all.
 */
static bool start_together(const struct start_list *list)
{
    const struct muster_machine *machine = list->machine;
    bool told_all = tell_all(list) == machine->cpu_count - 1, all = true;
    enum muster_status status = MUSTER_OK;
    if (told_all)
        status = apic_send(machine->platform, machine->profile.x2apic, 0,
                           ICR_FIXED | ICR_ASSERT | ICR_ALL_BUT_SELF | machine->config.wake_vector);
    for (uint32_t i = 0; (status || !told_all) && i < list->count; i++) {
        struct muster_slot *slot = listed_in(list, i, MUSTER_CPU_ON_PENDING);
        if (slot)
            all &= (status ? slot_take_start_back(slot, status) : slot_wake(slot)) == MUSTER_OK;
    }
    return all;
}

static bool await_all(struct muster_machine *machine, uint64_t deadline_ns)
{
    bool all_on = true;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (slot_state(&machine->slots[i]) == MUSTER_CPU_ON_PENDING)
            all_on &= slot_await_on(&machine->slots[i], deadline_ns) == MUSTER_OK;
    return all_on;
}

enum muster_status muster_start(struct muster_machine *machine, const uint32_t *order,
                                uint32_t order_count, uint64_t timeout_ns)
{
    const struct muster_platform *platform = machine->platform;
    const struct start_list list = {machine, order, order ? order_count : machine->cpu_count};
    int64_t startable = count_startable(&list);
    if (startable < 0)
        return MUSTER_INVALID_ARGUMENT;
    uint64_t deadline_ns = time_after(platform->time_ns(platform->context), timeout_ns);
    bool all_on = true; /* as far as they were started on their arrival */
    if (startable > 0)
        all_on = may_start_together(&list) ? start_together(&list) : start_each(&list);
    all_on &= await_all(machine, deadline_ns);
    enum muster_status status = all_on ? MUSTER_OK : MUSTER_TIME_OUT;
    trace_boot(machine, MUSTER_TRACE_STARTED, status, 0);
    return status;
}

/* One CPU less that is on, unless it is the last: two that go at once cannot both be let go. */
static bool leave_the_others(struct muster_machine *machine)
{
    uint32_t count;
    do {
        count = word_load_acquire(&machine->on_count);
        if (count <= 1)
            return false;
    } while (!word_move(&machine->on_count, count, count - 1));
    return true;
}

enum muster_status muster_cpu_off(struct muster_slot *slot)
{
    struct muster_machine *machine = slot->machine;
    if (slot_state(slot) != MUSTER_CPU_ON)
        return MUSTER_DENIED;
    if (cpu_paging_levels() != machine->config.paging_levels)
        return MUSTER_ERROR_PAGING_LEVELS;
    if (!leave_the_others(machine))
        return MUSTER_DENIED;
    word_move(&slot->state, MUSTER_CPU_ON, MUSTER_CPU_OFF_PENDING); /* nobody else moves it */
    cpu_go_off(slot);
}
