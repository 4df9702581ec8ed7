/**
 * The memory map in slices: how the map's own edits and custody walk a part of the address space,
 * holes included.
 */
#ifndef LIB_MEMORY_SEGMENT_H
#define LIB_MEMORY_SEGMENT_H

#include <muster/memory.h>

/** A stretch of addresses that lies all in one range of the map, or all in a hole. */
struct memory_segment {
    uint64_t start_phys;
    uint64_t end_phys;
    const struct muster_memory_range *range; /* NULL in a hole; stale once the map changes */
};

/** The longest segment that begins at @start_phys and ends at @end_phys (greater) or before. */
struct memory_segment memory_segment_at(const struct muster_memory_map *map, uint64_t start_phys,
                                        uint64_t end_phys);

/** The first range that ends behind @phys, or the count. */
uint32_t memory_first_behind(const struct muster_memory_map *map, uint64_t phys);

#endif
