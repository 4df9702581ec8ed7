#include <stdbool.h>

#include <muster/memory.h>

#include "abi/x86.h"
#include "lib/memory/segment.h"
#include "lib/memory_functions.h"

/*
 * Every change of the map is one edit: what happens to each segment of a window. An edit is
 * counted before it is made, so it either fits as a whole or leaves the map alone.
 */
struct edit {
    uint64_t start_phys;
    uint64_t end_phys;
    enum { EDIT_ADD, EDIT_OWN, EDIT_FREE } action;
    enum muster_memory_type type; /* of EDIT_ADD */
    uint32_t owner;               /* of EDIT_OWN and EDIT_FREE */
};

/* The most ranges that one piece can add to the map: it cuts a range in three. */
#define PIECE_ROOM 2

/* The first range that ends behind @phys, or the count. */
static uint32_t first_behind(const struct muster_memory_map *map, uint64_t phys)
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
    uint32_t index = first_behind(map, start_phys);
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

static bool same_kind(const struct muster_memory_range *one,
                      const struct muster_memory_range *other)
{
    return one->type == other->type && one->owner == other->owner;
}

static bool joins(const struct muster_memory_range *lower, const struct muster_memory_range *upper)
{
    return lower->end_phys == upper->start_phys && same_kind(lower, upper);
}

/*
 * What a segment is once @edit is made; false for a hole that stays one. Doing this twice must
 * give the same as doing it once: the sweeps below rely on that.
 */
static bool edited(const struct edit *edit, const struct memory_segment *segment,
                   struct muster_memory_range *piece)
{
    const struct muster_memory_range *was = segment->range;

    piece->start_phys = segment->start_phys;
    piece->end_phys = segment->end_phys;
    piece->type = was ? was->type : MUSTER_MEMORY_RESERVED;
    piece->owner = was ? was->owner : MUSTER_OWNER_NONE;
    if (segment->start_phys < edit->start_phys || segment->start_phys >= edit->end_phys)
        return was != NULL;

    switch (edit->action) {
    case EDIT_ADD:
        if (!was || was->type < edit->type)
            piece->type = edit->type;
        return true;
    case EDIT_OWN:
        piece->owner = edit->owner;
        return true;
    case EDIT_FREE:
        if (piece->owner == edit->owner)
            piece->owner = MUSTER_OWNER_NONE;
        break;
    }
    return was != NULL;
}

/* How many ranges the map has once @edit is made. */
static uint32_t count_after(const struct muster_memory_map *map, const struct edit *edit)
{
    const uint64_t borders[] = {0, edit->start_phys, edit->end_phys, UINT64_MAX};
    struct muster_memory_range last = {0};
    uint32_t count = 0;

    for (unsigned part = 0; part < 3; part++) {
        uint64_t at = borders[part];

        while (at < borders[part + 1]) {
            struct memory_segment segment = memory_segment_at(map, at, borders[part + 1]);
            struct muster_memory_range piece;

            at = segment.end_phys;
            if (!edited(edit, &segment, &piece))
                continue;
            if (count == 0 || !joins(&last, &piece))
                count++;
            last = piece;
        }
    }
    return count;
}

static uint32_t append(struct muster_memory_range *ranges, uint32_t count,
                       struct muster_memory_range next)
{
    if (next.start_phys >= next.end_phys)
        return count;
    if (count > 0 && joins(&ranges[count - 1], &next)) {
        ranges[count - 1].end_phys = next.end_phys;
        return count;
    }
    ranges[count] = next;
    return count + 1;
}

/*
 * Write @piece, which lies in one range or in one hole, over the map and join it with its
 * neighbours, unless that takes more than @room more ranges. At most three ranges touch it
 * (the one it lies in and two neighbours) and at most three come of it.
 */
static bool write_piece(struct muster_memory_map *map, const struct muster_memory_range *piece,
                        uint32_t room)
{
    struct muster_memory_range fresh[3];
    uint32_t fresh_count = 0;
    uint32_t first = piece->start_phys > 0 ? first_behind(map, piece->start_phys - 1) : 0;
    uint32_t behind = first;

    for (; behind < map->count && map->ranges[behind].start_phys <= piece->end_phys; behind++) {
        struct muster_memory_range head = map->ranges[behind];

        if (head.end_phys > piece->start_phys)
            head.end_phys = piece->start_phys;
        fresh_count = append(fresh, fresh_count, head);
    }
    fresh_count = append(fresh, fresh_count, *piece);
    for (uint32_t i = first; i < behind; i++) {
        struct muster_memory_range tail = map->ranges[i];

        if (tail.start_phys < piece->end_phys)
            tail.start_phys = piece->end_phys;
        fresh_count = append(fresh, fresh_count, tail);
    }
    if (fresh_count > behind - first + room)
        return false;

    memmove(&map->ranges[first + fresh_count], &map->ranges[behind],
            (map->count - behind) * sizeof(*map->ranges));
    memcpy(&map->ranges[first], fresh, fresh_count * sizeof(*fresh));
    map->count = map->count - (behind - first) + fresh_count;
    return true;
}

/* Make what of @edit takes at most @room more ranges for each piece; true if anything changed. */
static bool sweep(struct muster_memory_map *map, const struct edit *edit, uint32_t room)
{
    bool changed = false;
    uint64_t at = edit->start_phys;

    while (at < edit->end_phys) {
        struct memory_segment segment = memory_segment_at(map, at, edit->end_phys);
        struct muster_memory_range piece;

        at = segment.end_phys;
        if (!edited(edit, &segment, &piece))
            continue;
        if (!segment.range || !same_kind(segment.range, &piece))
            changed |= write_piece(map, &piece, room);
    }
    return changed;
}

/*
 * An edit may split ranges at one place and join them at another. What takes no room is done
 * first, until nothing of that kind is left; what remains can only add ranges, one piece after
 * the other. So the map never holds more on the way than the larger of before and after, and
 * storage that the result fits into is enough.
 */
static enum muster_status make_edit(struct muster_memory_map *map, const struct edit *edit)
{
    if (count_after(map, edit) > map->capacity)
        return MUSTER_ERROR_MAP_FULL;
    while (sweep(map, edit, 0))
        ;
    sweep(map, edit, PIECE_ROOM);
    return MUSTER_OK;
}

void muster_memory_init(struct muster_memory_map *map, struct muster_memory_range *storage,
                        uint32_t capacity)
{
    map->ranges = storage;
    map->capacity = capacity;
    map->count = 0;
}

enum muster_status muster_memory_add(struct muster_memory_map *map, uint64_t start_phys,
                                     uint64_t bytes, enum muster_memory_type type)
{
    struct edit edit = {start_phys, start_phys + bytes, EDIT_ADD, type, MUSTER_OWNER_NONE};

    if (edit.end_phys < start_phys)
        return MUSTER_ERROR_RANGE_INVALID;
    return make_edit(map, &edit);
}

static bool is_window_of_other(const struct muster_memory_map *map, const struct edit *edit)
{
    uint32_t i = first_behind(map, edit->start_phys);

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
    struct edit edit = {start_phys, start_phys + bytes, EDIT_OWN, MUSTER_MEMORY_RESERVED, owner};

    if (owner == MUSTER_OWNER_NONE)
        return MUSTER_INVALID_ARGUMENT;
    if (edit.end_phys < start_phys)
        return MUSTER_ERROR_RANGE_INVALID;
    if (bytes == 0)
        return MUSTER_OK;
    if (is_window_of_other(map, &edit))
        return MUSTER_ERROR_RANGE_OWNED;
    return make_edit(map, &edit);
}

/* Usable bytes of @owner in the edit's window. */
static uint64_t usable_bytes(const struct muster_memory_map *map, const struct edit *edit)
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
    struct edit edit = {start_phys, end_phys, EDIT_FREE, MUSTER_MEMORY_USABLE, owner};
    uint64_t bytes = usable_bytes(map, &edit);

    if (owner == MUSTER_OWNER_NONE)
        return 0;
    /* To free the middle of a range takes room as well; without it everything stays owned. */
    return make_edit(map, &edit) == MUSTER_OK ? bytes : 0;
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
    uint32_t index = first_behind(map, phys);

    if (index == map->count || map->ranges[index].start_phys > phys)
        return NULL;
    return &map->ranges[index];
}
