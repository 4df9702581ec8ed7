/**
 * What is going to happen, the earliest first; of two at the same moment, the one put in first.
 */
#ifndef SIM_HEAP_H
#define SIM_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_event {
    uint64_t time_ns;
    uint64_t number; /* the heap's own: how many were put in before */
    uint32_t cpu;
    uint32_t life; /* of the CPU: an INIT ends what was to happen in it */
    uint32_t kind;
    uint32_t value;
};

/** All zero: empty. */
struct sim_heap {
    struct sim_event *events;
    size_t count, capacity;
    uint64_t number;
};

/** False: no memory. */
bool sim_heap_put(struct sim_heap *heap, const struct sim_event *event);

/** The earliest, or NULL. Valid until the heap is changed. */
const struct sim_event *sim_heap_first(const struct sim_heap *heap);

/** Take the earliest out; the heap must not be empty. */
struct sim_event sim_heap_take(struct sim_heap *heap);

void sim_heap_free(struct sim_heap *heap);

#endif
