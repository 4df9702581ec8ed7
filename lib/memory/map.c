#include <stdbool.h>

#include <muster/memory.h>

#include "abi/x86.h"
#include "lib/memory/edit.h"
#include "lib/memory/segment.h"

void muster_memory_init(struct muster_memory_map *map, struct muster_memory_range *storage,
                        uint32_t capacity)
{
    map->ranges = storage;
    map->capacity = capacity;
    map->count = 0;
}

uint32_t memory_first_behind(const struct muster_memory_map *map, uint64_t phys)
{
    uint32_t low = 0;
    uint32_t high = map->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (map->ranges[middle].end_phys > phys)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct memory_segment memory_segment_at(const struct muster_memory_map *map, uint64_t start_phys,
                                        uint64_t end_phys)
{
    struct memory_segment segment = {start_phys, end_phys, NULL};
    uint32_t index = memory_first_behind(map, start_phys);
    uint64_t border_phys = end_phys;

    if (index < map->count && map->ranges[index].start_phys <= start_phys) {
        segment.range = &map->ranges[index];
        border_phys = segment.range->end_phys;
    } else if (index < map->count) {
        border_phys = map->ranges[index].start_phys;
    }
    if (border_phys < end_phys)
        segment.end_phys = border_phys;
    return segment;
}

enum muster_status muster_memory_add(struct muster_memory_map *map, uint64_t start_phys,
                                     uint64_t bytes, enum muster_memory_type type)
{
    struct memory_edit edit = {start_phys, start_phys + bytes, MEMORY_EDIT_ADD, type,
                               MUSTER_OWNER_NONE};

    if (edit.end_phys < start_phys)
        return MUSTER_ERROR_RANGE_INVALID;
    return memory_make_edit(map, &edit);
}

static bool is_window_of_other(const struct muster_memory_map *map, const struct memory_edit *edit)
{
    uint32_t i = memory_first_behind(map, edit->start_phys);

    for (; i < map->count && map->ranges[i].start_phys < edit->end_phys; i++) {
        uint32_t owner = map->ranges[i].owner;

        if (owner != MUSTER_OWNER_NONE && owner != edit->owner)
            return true;
    }
    return false;
}

enum muster_status muster_memory_reserve(struct muster_memory_map *map, uint64_t start_phys,
                                         uint64_t bytes, uint32_t owner)
{
    struct memory_edit edit = {start_phys, start_phys + bytes, MEMORY_EDIT_OWN,
                               MUSTER_MEMORY_RESERVED, owner};

    if (owner == MUSTER_OWNER_NONE)
        return MUSTER_INVALID_ARGUMENT;
    if (edit.end_phys < start_phys)
        return MUSTER_ERROR_RANGE_INVALID;
    if (bytes == 0)
        return MUSTER_OK;
    if (is_window_of_other(map, &edit))
        return MUSTER_ERROR_RANGE_OWNED;
    return memory_make_edit(map, &edit);
}

/* Usable bytes of @owner in the edit's window. */
static uint64_t usable_bytes(const struct muster_memory_map *map, const struct memory_edit *edit)
{
    uint64_t bytes = 0;
    uint64_t at = edit->start_phys;

    while (at < edit->end_phys) {
        struct memory_segment segment = memory_segment_at(map, at, edit->end_phys);

        at = segment.end_phys;
        if (segment.range && segment.range->owner == edit->owner &&
            segment.range->type == MUSTER_MEMORY_USABLE)
            bytes += segment.end_phys - segment.start_phys;
    }
    return bytes;
}

static uint64_t release_window(struct muster_memory_map *map, uint64_t start_phys,
                               uint64_t end_phys, uint32_t owner)
{
    struct memory_edit edit = {start_phys, end_phys, MEMORY_EDIT_FREE, MUSTER_MEMORY_USABLE, owner};
    uint64_t bytes = usable_bytes(map, &edit);

    if (owner == MUSTER_OWNER_NONE)
        return 0;
    /* To free the middle of a range takes room as well; without it everything stays owned. */
    return memory_make_edit(map, &edit) == MUSTER_OK ? bytes : 0;
}

uint64_t muster_memory_release(struct muster_memory_map *map, uint32_t owner)
{
    return release_window(map, 0, UINT64_MAX, owner);
}

uint64_t muster_memory_release_range(struct muster_memory_map *map, uint64_t start_phys,
                                     uint64_t bytes, uint32_t owner)
{
    if (start_phys + bytes < start_phys)
        return 0;
    return release_window(map, start_phys, start_phys + bytes, owner);
}

/* The highest start of @bytes in a free range between floor and limit; false if none fits. */
static bool fits_in(const struct muster_memory_range *range, uint64_t bytes, uint64_t align,
                    uint64_t floor_phys, uint64_t limit_phys, uint64_t *start_phys)
{
    uint64_t low = range->start_phys > floor_phys ? range->start_phys : floor_phys;
    uint64_t high = range->end_phys < limit_phys ? range->end_phys : limit_phys;

    if (range->type != MUSTER_MEMORY_USABLE || range->owner != MUSTER_OWNER_NONE)
        return false;
    if (high < low || high - low < bytes)
        return false;
    *start_phys = (high - bytes) & ~(align - 1);
    return *start_phys >= low;
}

enum muster_status muster_memory_allocate(struct muster_memory_map *map, uint64_t bytes,
                                          uint64_t align, uint64_t floor_phys, uint64_t limit_phys,
                                          uint32_t owner, uint64_t *start_phys)
{
    uint64_t found_phys = 0;

    if (bytes == 0 || align == 0 || (align & (align - 1)) != 0 || owner == MUSTER_OWNER_NONE)
        return MUSTER_INVALID_ARGUMENT;
    /* Page 0 holds the real-mode vectors, and its address is what a forgotten pointer says. */
    if (floor_phys < PAGE_BYTES)
        floor_phys = PAGE_BYTES;

    for (uint32_t i = map->count; i-- > 0;) {
        enum muster_status status;

        if (!fits_in(&map->ranges[i], bytes, align, floor_phys, limit_phys, &found_phys))
            continue;
        status = muster_memory_reserve(map, found_phys, bytes, owner);
        if (status == MUSTER_OK)
            *start_phys = found_phys;
        return status;
    }
    return MUSTER_ERROR_OUT_OF_MEMORY;
}

const struct muster_memory_range *muster_memory_find(const struct muster_memory_map *map,
                                                     uint64_t phys)
{
    uint32_t index = memory_first_behind(map, phys);

    if (index == map->count || map->ranges[index].start_phys > phys)
        return NULL;
    return &map->ranges[index];
}
