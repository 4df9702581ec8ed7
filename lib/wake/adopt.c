/*
 * The orchestrator: brings every described CPU into the park area by any way. It knows nothing of
 * how a wake is sent; that is the way's (lib/wake/way.h).
 */
#include <muster/wake.h>

#include "lib/atomic.h"
#include "lib/cpu/cpu.h"
#include "lib/wake/way.h"

_Static_assert(sizeof(enum muster_status) == sizeof(uint32_t), "slot_fail() stores it as a word");

static uint64_t time_now_ns(const struct muster_machine *machine)
{
    return machine->platform->time_ns(machine->platform->context);
}

void pass_time(const struct muster_platform *platform, uint64_t ns)
{
    const struct muster_word never = {0};
    uint64_t end_ns = platform->time_ns(platform->context) + ns;
    while (platform->time_ns(platform->context) < end_ns)
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

void slot_stamp_wake(const struct wake_run *run, struct muster_slot *slot)
{
    uint64_t now_ns = time_now_ns(run->machine);
    slot->stamps_ns[MUSTER_STAMP_WAKE_SENT] = now_ns;
    trace_write(run->trace, now_ns, MUSTER_TRACE_WAKE_SENT, slot->apic_id, run->plan->way);
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
        /* Set foot in its slot: under way still, or refused. A second time it would be a stray. */
        if (word_load_acquire(&slot->claimed) &&
            word_load_acquire(&slot->state) == MUSTER_CPU_FAILED)
            continue;
        if (word_move(&slot->state, MUSTER_CPU_ABSENT, MUSTER_CPU_ADOPT_PENDING) ||
            word_move(&slot->state, MUSTER_CPU_FAILED, MUSTER_CPU_ADOPT_PENDING)) {
            slot_fail(slot, MUSTER_OK);
            count++;
        }
    }
    return count;
}

/* Wait, slot by slot, for whoever is still to come; the first one missing at @until_ns, or -1. */
static int32_t wait_while_pending(const struct muster_machine *machine, uint32_t from,
                                  uint64_t until_ns)
{
    const struct muster_platform *platform = machine->platform;
    for (uint32_t i = from; i < machine->cpu_count; i++) {
        const struct muster_slot *slot = &machine->slots[i];
        /* One whose wake is known to be lost is not waited for; it may still surprise us. */
        if (slot_failure(slot))
            continue;
        while (slot_is_pending(slot)) {
            if (time_now_ns(machine) >= until_ns)
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

static void wait_for_arrivals(const struct wake_run *run, const struct way_operations *way)
{
    uint64_t pause_ns = way->wake_again(run, 0);
    int32_t missing = 0;
    for (unsigned attempt = 1;; attempt++) {
        uint64_t now_ns = time_now_ns(run->machine);
        bool again = pause_ns && pause_ns < run->deadline_ns - now_ns && now_ns < run->deadline_ns;
        missing = wait_while_pending(run->machine, (uint32_t)missing,
                                     again ? now_ns + pause_ns : run->deadline_ns);
        if (missing < 0 || !again)
            return;
        trace_boot(run->machine, MUSTER_TRACE_WAKE_AGAIN, attempt, count_pending(run->machine));
        pause_ns = way->wake_again(run, attempt);
    }
}

/* A swap, since it may come at this very moment; but a locked one only where it is of use. */
void slot_give_up(struct muster_slot *slot)
{
    if (slot_is_pending(slot) &&
        word_move(&slot->state, MUSTER_CPU_ADOPT_PENDING, MUSTER_CPU_FAILED)) {
        if (!slot_failure(slot))
            slot_fail(slot, MUSTER_ERROR_NOT_ARRIVED);
        trace_boot(slot->machine, MUSTER_TRACE_FAILED, slot->apic_id, slot_failure(slot));
    } else if (word_load_acquire(&slot->state) == MUSTER_CPU_OFF) {
        slot_fail(slot, MUSTER_OK); /* late, or its wake seemed lost and was not */
    }
}

/* Whoever has not come by now has failed. */
static void give_up(struct muster_machine *machine)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        slot_give_up(&machine->slots[i]);
}

static bool any_failed(const struct muster_machine *machine)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (word_load_acquire(&machine->slots[i].state) == MUSTER_CPU_FAILED)
            return true;
    return false;
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
        give_up(machine);
        return MUSTER_ERROR_NO_WAY;
    }
    if (has_way)
        adopt_pending(machine, plan, timeout_ns);
    give_up(machine);
    enum muster_status status = any_failed(machine) ? MUSTER_TIME_OUT : MUSTER_OK;
    trace_boot(machine, MUSTER_TRACE_ADOPTED, status, 0);
    return status;
}
