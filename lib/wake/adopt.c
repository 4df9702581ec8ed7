/*
 * The orchestrator: brings every described CPU into the park area by any way. It knows nothing of
 * how a wake is sent; that is the way's (lib/wake/way.h).
 */
#include <muster/wake.h>

#include "lib/atomic.h"
#include "lib/cpu/cpu.h"
#include "lib/patience.h"
#include "lib/wake/park.h"
#include "lib/wake/way.h"

_Static_assert(sizeof(enum muster_status) == sizeof(uint32_t), "slot_fail() stores it as a word");

#define PAUSE_PARTS 4u

static uint64_t time_now_ns(const struct muster_machine *machine)
{
    return machine->platform->time_ns(machine->platform->context);
}

void pass_time(struct muster_machine *machine, uint64_t ns)
{
    const struct muster_platform *platform = machine->platform;
    const struct muster_word never = {0};
    struct patience patience = {0};
    uint64_t end_ns = platform->time_ns(platform->context) + ns;
    while (!patience_is_over(&patience, machine, end_ns))
        platform->wait(platform->context, &never, 0, end_ns);
}

bool slot_is_pending(const struct muster_slot *slot)
{
    return word_load_acquire(&slot->state) == MUSTER_CPU_ADOPT_PENDING;
}

bool slot_wants_wake(const struct muster_slot *slot)
{
    return slot_is_pending(slot) && !word_load_acquire(&slot->claimed);
}

void slot_fail(struct muster_slot *slot, enum muster_status why)
{
    u32_store_relaxed((uint32_t *)&slot->failure, why);
    if (why == MUSTER_OK)
        u32_store_relaxed(&slot->failure_code, 0);
}

enum muster_status slot_failure(const struct muster_slot *slot)
{
    return (enum muster_status)u32_load_relaxed((const uint32_t *)&slot->failure);
}

void slot_stamp_wake_at(const struct wake_run *run, struct muster_slot *slot, uint64_t now_ns)
{
    slot->stamps_ns[MUSTER_STAMP_WAKE_SENT] = now_ns;
    trace_write(run->trace, now_ns, MUSTER_TRACE_WAKE_SENT, slot->apic_id, run->plan->way);
}

void slot_stamp_wake(const struct wake_run *run, struct muster_slot *slot)
{
    slot_stamp_wake_at(run, slot, time_now_ns(run->machine));
}

/* In its slot for good, and said why. One that was given up there may yet come. */
static bool is_refused(const struct muster_slot *slot)
{
    switch (slot_failure(slot)) {
    case MUSTER_ERROR_NOT_ARRIVED:
    case MUSTER_ERROR_NOT_ACKNOWLEDGED:
    case MUSTER_ERROR_CLOCK_STANDS:
        return false;
    default:
        return word_load_acquire(&slot->claimed) &&
               word_load_acquire(&slot->state) == MUSTER_CPU_FAILED;
    }
}

/*
 * Its reason goes first: one that is refused at this very moment says so after that. One that
 * comes in at this very moment, and finds itself too late, is taken after all.
 */
static bool make_pending(struct muster_slot *slot)
{
    uint32_t state = word_load_acquire(&slot->state);
    if (state != MUSTER_CPU_ABSENT && state != MUSTER_CPU_FAILED)
        return false;
    slot_fail(slot, MUSTER_OK);
    if (!word_move(&slot->state, state, MUSTER_CPU_ADOPT_PENDING))
        return false;
    return !word_load_acquire(&slot->arrived) ||
           !word_move(&slot->state, MUSTER_CPU_ADOPT_PENDING, MUSTER_CPU_OFF);
}

/* Who is to be sent for. One that came after an earlier deadline is here already. */
static uint32_t choose_pending(struct muster_machine *machine)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        struct muster_slot *slot = &machine->slots[i];
        if (!machine->cpus[i].enabled || i == machine->bsp)
            continue;
        if (word_load_acquire(&slot->arrived) &&
            word_move(&slot->state, MUSTER_CPU_FAILED, MUSTER_CPU_OFF))
            continue;
        if (!is_refused(slot))
            count += make_pending(slot);
    }
    return count;
}

/* Wait, slot by slot, for whoever is still to come; the first one missing at @until_ns, or -1. */
static int32_t wait_while_pending(struct muster_machine *machine, uint32_t from, uint64_t until_ns)
{
    const struct muster_platform *platform = machine->platform;
    for (uint32_t i = from; i < machine->cpu_count; i++) {
        const struct muster_slot *slot = &machine->slots[i];
        struct patience patience = {0};
        /* One whose wake is known to be lost is not waited for; it may still surprise us. */
        if (slot_failure(slot))
            continue;
        while (slot_is_pending(slot)) {
            if (patience_is_over(&patience, machine, until_ns))
                return (int32_t)i;
            platform->wait(platform->context, &slot->state, MUSTER_CPU_ADOPT_PENDING, until_ns);
        }
    }
    return -1;
}

static uint32_t count_pending(const struct muster_machine *machine)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        count += slot_is_pending(&machine->slots[i]);
    return count;
}

/*
 * The same for @pause_ns, in parts: a host that runs all CPUs in turn may keep the BSP away for
 * longer than the whole of it, and what the BSP did not see the others had no time to do. While
 * CPUs keep coming a patient way begins its pause anew. No pause: until the deadline.
 */
static int32_t wait_in_parts(const struct wake_run *run, const struct way_operations *way,
                             uint32_t from, uint64_t pause_ns)
{
    uint64_t part_ns = pause_ns ? pause_ns / PAUSE_PARTS : MUSTER_FOREVER;
    int32_t missing = (int32_t)from;
    uint64_t until_ns;
    unsigned part = 0;
    do {
        int32_t before = missing;
        until_ns = time_after(time_now_ns(run->machine), part_ns);
        if (until_ns > run->deadline_ns)
            until_ns = run->deadline_ns;
        missing = wait_while_pending(run->machine, (uint32_t)missing, until_ns);
        part = way->patient && missing > before ? 0 : part + 1;
    } while (missing >= 0 && part < PAUSE_PARTS && until_ns < run->deadline_ns &&
             !clock_stands(run->machine));
    return missing;
}

static void wait_for_arrivals(const struct wake_run *run, const struct way_operations *way)
{
    uint64_t pause_ns = way->wake_again(run, 0);
    int32_t missing = 0;
    for (unsigned attempt = 1;; attempt++) {
        missing = wait_in_parts(run, way, (uint32_t)missing, pause_ns);
        if (missing < 0 || !pause_ns || way_time_is_over(run))
            return;
        if (clock_stands(run->machine)) { /* no pause would end; who waits for ever still waits */
            pause_ns = 0;
            continue;
        }
        trace_boot(run->machine, MUSTER_TRACE_WAKE_AGAIN, attempt, count_pending(run->machine));
        pause_ns = way->wake_again(run, attempt);
    }
}

/*
 * A swap, since it may come at this very moment; but a locked one only where it is of use. Its
 * early start goes first: who is FAILED must find none. If it came all the same, and counts on a
 * start that is gone, it is parked as others are.
 */
bool slot_give_up(struct muster_slot *slot)
{
    bool pending = slot_is_pending(slot);
    bool taken = pending && slot_take_early_start(slot);
    if (pending && word_move(&slot->state, MUSTER_CPU_ADOPT_PENDING, MUSTER_CPU_FAILED)) {
        if (clock_stands(slot->machine))
            slot_fail(slot, MUSTER_ERROR_CLOCK_STANDS);
        else if (!slot_failure(slot))
            slot_fail(slot, MUSTER_ERROR_NOT_ARRIVED);
        trace_boot(slot->machine, MUSTER_TRACE_FAILED, slot->apic_id, slot_failure(slot));
        return true;
    }
    if (taken)
        word_move(&slot->state, MUSTER_CPU_ON_PENDING, MUSTER_CPU_OFF);
    /* Late, or its wake seemed lost and was not. Of one that another CPU turns on it is theirs. */
    uint32_t state = word_load_acquire(&slot->state);
    if (slot_failure(slot) && (state == MUSTER_CPU_OFF || state == MUSTER_CPU_ON))
        slot_fail(slot, MUSTER_OK);
    return state == MUSTER_CPU_FAILED;
}

/* Whoever has not come by now has failed; false if nobody has. */
static bool give_up(struct muster_machine *machine)
{
    bool any_failed = false;
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        struct muster_slot *slot = &machine->slots[i];
        uint32_t state = word_load_acquire(&slot->state);
        if (state == MUSTER_CPU_ADOPT_PENDING || state == MUSTER_CPU_FAILED || slot_failure(slot))
            any_failed |= slot_give_up(slot);
    }
    return any_failed;
}

void adopt_pending(struct muster_machine *machine, const struct muster_plan *plan,
                   uint64_t timeout_ns)
{
    const struct way_operations *way = way_operations_of(plan);
    struct wake_run run = {.machine = machine,
                           .plan = plan,
                           .trace = trace_ring_of(machine, machine->bsp),
                           .start_ns = time_now_ns(machine)};
    run.deadline_ns = time_after(run.start_ns, timeout_ns);
    way->wake(&run);
    wait_for_arrivals(&run, way);
}

enum muster_status muster_adopt(struct muster_machine *machine, const struct muster_plan *plan,
                                uint64_t timeout_ns)
{
    bool has_way = way_operations_of(plan) != NULL;
    if (choose_pending(machine) && !has_way) {
        (void)give_up(machine);
        return MUSTER_ERROR_NO_WAY;
    }
    if (has_way)
        adopt_pending(machine, plan, timeout_ns);
    enum muster_status status = give_up(machine) ? MUSTER_TIME_OUT : MUSTER_OK;
    trace_boot(machine, MUSTER_TRACE_ADOPTED, status, 0);
    return status;
}
