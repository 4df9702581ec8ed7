/*
 * One CPU alone, from its wake to its entry. Unless it must be sent for again nothing here looks at
 * any other CPU: all of them one after the other take as long as they take, and not more with every
 * other one that is there.
 */
#include "lib/atomic.h"
#include "lib/patience.h"
#include "lib/wake/park.h"
#include "lib/wake/way.h"

static enum muster_status find_absent(const struct muster_machine *machine,
                                      const struct muster_plan *plan, uint32_t apic_id,
                                      bool classic, uint32_t *index)
{
    const struct way_operations *way = way_operations_of(plan);
    int32_t found = muster_machine_find(machine, apic_id);
    if (found < 0)
        return MUSTER_UNKNOWN_CPU;
    if (!way || !way->wake_one || (classic && plan->way != MUSTER_WAY_SIPI))
        return MUSTER_NOT_SUPPORTED;
    *index = (uint32_t)found;
    return *index == machine->bsp || !machine->cpus[found].enabled ? MUSTER_DENIED : MUSTER_OK;
}

/* False: not by @until_ns. */
static bool await_until(const struct wake_run *run, const struct muster_slot *slot,
                        uint64_t until_ns)
{
    const struct muster_platform *platform = run->machine->platform;
    struct patience patience = {0};
    while (slot_is_pending(slot) && !slot_failure(slot)) {
        if (patience_is_over(&patience, run->machine, until_ns))
            return false;
        platform->wait(platform->context, &slot->state, MUSTER_CPU_ADOPT_PENDING, until_ns);
    }
    return true;
}

/* A wake may be lost: it is sent again as it is for all together, but not where times are fixed. */
static bool await_parked(const struct wake_run *run, struct muster_slot *slot)
{
    const struct muster_platform *platform = run->machine->platform;
    const struct way_operations *way = way_operations_of(run->plan);
    uint64_t pause_ns = run->classic ? 0 : way->wake_again(run, 0);
    for (unsigned attempt = 1;; attempt++) {
        uint64_t until_ns = time_after(platform->time_ns(platform->context), pause_ns);
        if (!pause_ns || until_ns > run->deadline_ns)
            until_ns = run->deadline_ns;
        if (await_until(run, slot, until_ns) || until_ns == run->deadline_ns ||
            clock_stands(run->machine))
            break;
        pause_ns = way->wake_again(run, attempt);
    }
    return !slot_give_up(slot);
}

/* What is left of the time for all of it. */
static uint64_t time_left_ns(const struct wake_run *run)
{
    const struct muster_platform *platform = run->machine->platform;
    uint64_t now_ns = platform->time_ns(platform->context);
    if (run->deadline_ns == MUSTER_FOREVER)
        return MUSTER_FOREVER;
    return now_ns < run->deadline_ns ? run->deadline_ns - now_ns : 0;
}

enum muster_status muster_cpu_bring_up(struct muster_machine *machine,
                                       const struct muster_plan *plan, uint32_t apic_id,
                                       bool classic, uint64_t timeout_ns)
{
    const struct muster_platform *platform = machine->platform;
    uint32_t index;
    enum muster_status status = find_absent(machine, plan, apic_id, classic, &index);
    if (status)
        return status;
    struct muster_slot *slot = &machine->slots[index];
    if (!word_move(&slot->state, MUSTER_CPU_ABSENT, MUSTER_CPU_ADOPT_PENDING))
        return MUSTER_DENIED;
    (void)slot_take_early_start(slot); /* it gets its start below */
    struct wake_run run = {.machine = machine,
                           .plan = plan,
                           .trace = trace_ring_of(machine, machine->bsp),
                           .start_ns = platform->time_ns(platform->context),
                           .classic = classic};
    run.deadline_ns = time_after(run.start_ns, timeout_ns);
    way_operations_of(plan)->wake_one(&run, slot, run.deadline_ns);
    if (!await_parked(&run, slot))
        return MUSTER_TIME_OUT;
    status = muster_cpu_on(machine, apic_id, &slot->start);
    return status ? status : muster_cpu_wait(machine, apic_id, MUSTER_CPU_ON, time_left_ns(&run));
}
