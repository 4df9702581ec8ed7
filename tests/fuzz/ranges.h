/**
 * What holds of every memory map, whatever was done to it.
 */
#ifndef TESTS_FUZZ_RANGES_H
#define TESTS_FUZZ_RANGES_H

#include <muster/memory.h>

#include "tests/fuzz/fuzz.h"

static inline void ranges_check(const struct muster_memory_map *map)
{
    fuzz_require(map->count <= map->capacity, "the map has more ranges than room");
    for (uint32_t i = 0; i < map->count; i++) {
        const struct muster_memory_range *range = &map->ranges[i], *last = range - 1;
        fuzz_require(range->start_phys < range->end_phys, "a range is empty");
        if (i == 0)
            continue;
        fuzz_require(last->end_phys <= range->start_phys, "two ranges overlap, or are not sorted");
        fuzz_require(last->end_phys < range->start_phys || last->type != range->type ||
                         last->owner != range->owner,
                     "two neighbours of one kind were not joined");
    }
}

#endif
