/* How an edit is made: no range more than the result needs, at any moment. */
#include "lib/memory/edit.h"

#include <stdbool.h>

#include "lib/memory/segment.h"
#include "lib/memory_functions.h"

/* The most ranges that one piece can add to the map: it cuts a range in three. */
#define PIECE_ROOM 2

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
static bool edited(const struct memory_edit *edit, const struct memory_segment *segment,
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
    case MEMORY_EDIT_ADD:
        if (!was || was->type < edit->type)
            piece->type = edit->type;
        return true;
    case MEMORY_EDIT_OWN:
        piece->owner = edit->owner;
        return true;
    case MEMORY_EDIT_FREE:
        if (piece->owner == edit->owner)
            piece->owner = MUSTER_OWNER_NONE;
        break;
    }
    return was != NULL;
}

/* How many ranges the map has once @edit is made. */
static uint32_t count_after(const struct muster_memory_map *map, const struct memory_edit *edit)
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
    uint32_t first = piece->start_phys > 0 ? memory_first_behind(map, piece->start_phys - 1) : 0;
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
static bool sweep(struct muster_memory_map *map, const struct memory_edit *edit, uint32_t room)
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
enum muster_status memory_make_edit(struct muster_memory_map *map, const struct memory_edit *edit)
{
    if (count_after(map, edit) > map->capacity)
        return MUSTER_ERROR_MAP_FULL;
    while (sweep(map, edit, 0))
        ;
    sweep(map, edit, PIECE_ROOM);
    return MUSTER_OK;
}
