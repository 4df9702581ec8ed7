/* A binary heap: the children of place i are at 2i + 1 and 2i + 2. */
#include "sim/heap.h"

#include <stdlib.h>

#define FIRST_CAPACITY 1024

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->number < b->number;
}

static bool make_room(struct sim_heap *heap)
{
    if (heap->count < heap->capacity)
        return true;
    size_t capacity = heap->capacity ? 2 * heap->capacity : FIRST_CAPACITY;
    struct sim_event *events = realloc(heap->events, capacity * sizeof(*events));
    if (!events)
        return false;
    heap->events = events;
    heap->capacity = capacity;
    return true;
}

bool sim_heap_put(struct sim_heap *heap, const struct sim_event *event)
{
    if (!make_room(heap))
        return false;
    struct sim_event new = *event;
    new.number = heap->number++;
    size_t place = heap->count++;
    while (place > 0 && is_before(&new, &heap->events[(place - 1) / 2])) {
        heap->events[place] = heap->events[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    heap->events[place] = new;
    return true;
}

const struct sim_event *sim_heap_first(const struct sim_heap *heap)
{
    return heap->count ? &heap->events[0] : NULL;
}

struct sim_event sim_heap_take(struct sim_heap *heap)
{
    struct sim_event first = heap->events[0];
    struct sim_event last = heap->events[--heap->count];
    size_t place = 0, child;
    while ((child = 2 * place + 1) < heap->count) {
        if (child + 1 < heap->count && is_before(&heap->events[child + 1], &heap->events[child]))
            child++;
        if (!is_before(&heap->events[child], &last))
            break;
        heap->events[place] = heap->events[child];
        place = child;
    }
    heap->events[place] = last;
    return first;
}

void sim_heap_free(struct sim_heap *heap)
{
    free(heap->events);
    *heap = (struct sim_heap){0};
}
