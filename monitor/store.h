/**
 * An instruction that stores to a page which the guest may not write by itself, done for it.
 */
#ifndef MONITOR_STORE_H
#define MONITOR_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

/** One element that was stored. */
struct store {
    uint64_t phys; /* without the shared bit */
    unsigned bytes;
    uint64_t value;
};

/** Told of every element, before it is stored; RIP is still the instruction's. */
typedef void store_observer(struct vcpu *vcpu, const struct store *store);

/**
 * Do the store at RIP, which faulted at @phys, and go on behind it; of a repeated one as much as
 * lies in this page. Moves (of 16 bytes too, as two elements), string moves, arithmetic with and
 * without LOCK and bit tests are known; all else is fatal.
 */
void store_emulate(struct vcpu *vcpu, uint64_t phys, store_observer *observe);

#endif
