/**
 * Private to the library: when waiting is over. By the deadline; or because the clock that would
 * tell it stands still, as far as anybody can say who waits (include/muster/platform.h, time_ns).
 */
#ifndef LIB_PATIENCE_H
#define LIB_PATIENCE_H

#include <muster/machine.h>

#include "lib/atomic.h"

/** One wait in progress; all zero at its beginning. */
struct patience {
    uint64_t last_ns;
    uint32_t turns; /* so often in a row it was the same */
};

/** Whether the clock was found standing and has not gone on since. */
static inline bool clock_stands(const struct muster_machine *machine)
{
    const struct muster_platform *platform = machine->platform;
    uint64_t stood_ns = u64_load_relaxed(&machine->stood_ns);
    return stood_ns != MUSTER_FOREVER && stood_ns == platform->time_ns(platform->context);
}

/**
 * To be asked before each turn of the wait hook. A clock that was found standing shortens no other
 * wait: whoever lives comes in far less. Who waits for ever waits for no clock.
 */
static inline bool patience_is_over(struct patience *patience, struct muster_machine *machine,
                                    uint64_t deadline_ns)
{
    const struct muster_platform *platform = machine->platform;
    uint64_t now_ns = platform->time_ns(platform->context);
    if (now_ns >= deadline_ns)
        return true;
    if (deadline_ns == MUSTER_FOREVER)
        return false;
    if (now_ns != patience->last_ns)
        *patience = (struct patience){.last_ns = now_ns};
    if (++patience->turns < MUSTER_STANDSTILL_TURNS)
        return false;
    u64_store_relaxed(&machine->stood_ns, now_ns);
    return true;
}

#endif
