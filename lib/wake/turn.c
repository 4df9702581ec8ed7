/* Ways that send for one CPU at a time: how long each may take. */
#include "lib/wake/way.h"

/* The share of the time-out that is kept for the last CPU's way from acknowledgement to park. */
#define ARRIVAL_SHARE 16

uint32_t way_count_turns(const struct muster_machine *machine)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        count += slot_wants_wake(&machine->slots[i]);
    return count;
}

/*
 * How long this CPU may take to acknowledge. The first silent one may use half of the time up;
 * those after it share what is left, but for what the last one needs to arrive. So any number of
 * dead CPUs costs the one deadline, and a living CPU behind them still gets its turn.
 * With no time left in which it could answer it is better not sent for: a wake that is taken back
 * at once may be followed all the same.
 */
uint64_t way_turn_deadline_ns(const struct wake_run *run, uint32_t turns)
{
    const struct muster_platform *platform = run->machine->platform;
    if (run->deadline_ns == MUSTER_FOREVER)
        return MUSTER_FOREVER;
    uint64_t now_ns = platform->time_ns(platform->context);
    uint64_t timeout_ns = run->deadline_ns - run->start_ns;
    uint64_t half_ns = run->start_ns + timeout_ns / 2;
    uint64_t end_ns = run->deadline_ns - timeout_ns / ARRIVAL_SHARE;
    if (now_ns < half_ns)
        return half_ns;
    if (now_ns >= end_ns)
        return 0;
    return now_ns + (end_ns - now_ns) / turns;
}
