/**
 * A lock that spins, for a few instructions' work: 0 is free. Whoever takes it must not be
 * interrupted by what would take it too.
 */
#ifndef BOOT_LOCK_H
#define BOOT_LOCK_H

#include <stdbool.h>

#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

static inline void lock_take(struct muster_word *lock)
{
    while (!word_move(lock, 0, 1))
        cpu_pause();
}

/** The same for at most @looks looks, for who may have it already; false: somebody has it. */
static inline bool lock_try(struct muster_word *lock, unsigned looks)
{
    for (unsigned look = 0; look < looks; look++) {
        if (word_move(lock, 0, 1))
            return true;
        cpu_pause();
    }
    return false;
}

static inline void lock_drop(struct muster_word *lock)
{
    word_store_release(lock, 0);
}

#endif
