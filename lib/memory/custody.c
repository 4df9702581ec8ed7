#include <muster/custody.h>
#include <muster/paging.h>

#include "abi/tdvf.h"
#include "abi/x86.h"
#include "lib/memory/segment.h"
#include "lib/memory_functions.h"

/* Scrubbing asks the platform for no longer a stretch than this at a time. */
#define SCRUB_BYTES (16u * PAGE_BYTES)

static bool is_custody(uint32_t owner)
{
    return owner == MUSTER_OWNER_FIRMWARE_MAILBOX || owner == MUSTER_OWNER_FIRMWARE_LOOP ||
           owner == MUSTER_OWNER_FIRMWARE_TABLES;
}

enum muster_custody_policy muster_custody_default_policy(bool has_reset_vector)
{
    return has_reset_vector ? MUSTER_CUSTODY_KEEP : MUSTER_CUSTODY_RECLAIM;
}

void muster_custody_init(struct muster_custody *custody, struct muster_memory_map *map,
                         const struct muster_platform *platform, enum muster_custody_policy policy)
{
    *custody = (struct muster_custody){.map = map, .platform = platform, .policy = policy};
}

static enum muster_status take_segment(struct muster_custody *custody,
                                       const struct memory_segment *segment, uint32_t owner)
{
    uint64_t bytes = segment->end_phys - segment->start_phys;
    bool usable = segment->range && segment->range->type == MUSTER_MEMORY_USABLE;
    enum muster_status status;

    status = muster_memory_reserve(custody->map, segment->start_phys, bytes, owner);
    if (status != MUSTER_OK)
        return status;
    custody->taken_bytes += bytes;
    if (usable)
        custody->taken_usable_bytes += bytes;
    return MUSTER_OK;
}

static bool is_owned_by_other(const struct muster_memory_map *map, uint64_t start_phys,
                              uint64_t end_phys)
{
    while (start_phys < end_phys) {
        struct memory_segment segment = memory_segment_at(map, start_phys, end_phys);

        start_phys = segment.end_phys;
        if (segment.range && segment.range->owner != MUSTER_OWNER_NONE &&
            !is_custody(segment.range->owner))
            return true;
    }
    return false;
}

/*
 * Ownership is settled for the whole range before any of it is taken. A map that fills up in the
 * middle leaves the first part in custody: too much kept is safe, too little is not.
 */
enum muster_status muster_custody_take(struct muster_custody *custody, uint64_t start_phys,
                                       uint64_t bytes, enum muster_memory_owner owner)
{
    const uint64_t in_page = PAGE_BYTES - 1;
    uint64_t end_phys = start_phys + bytes;
    enum muster_status status = MUSTER_OK;

    if (!is_custody(owner))
        return MUSTER_INVALID_ARGUMENT;
    if (end_phys < start_phys || end_phys > UINT64_MAX - in_page)
        return MUSTER_ERROR_RANGE_INVALID;
    if (custody->released)
        return MUSTER_ERROR_FIRMWARE_RECLAIMED;
    if (bytes == 0)
        return MUSTER_OK;
    start_phys &= ~in_page;
    end_phys = (end_phys + in_page) & ~in_page;
    if (is_owned_by_other(custody->map, start_phys, end_phys))
        return MUSTER_ERROR_RANGE_OWNED;

    while (start_phys < end_phys && status == MUSTER_OK) {
        struct memory_segment segment = memory_segment_at(custody->map, start_phys, end_phys);

        start_phys = segment.end_phys;
        if (!segment.range || segment.range->owner == MUSTER_OWNER_NONE)
            status = take_segment(custody, &segment, owner);
    }
    return status;
}

enum muster_status muster_custody_take_known(struct muster_custody *custody)
{
    uint64_t at = TDVF_AP_MEMORY_PHYS;
    enum muster_status status = MUSTER_OK;

    if (custody->released)
        return MUSTER_ERROR_FIRMWARE_RECLAIMED;
    while (at < TDVF_AP_MEMORY_END_PHYS && status == MUSTER_OK) {
        struct memory_segment segment =
            memory_segment_at(custody->map, at, TDVF_AP_MEMORY_END_PHYS);

        at = segment.end_phys;
        if (segment.range && segment.range->type == MUSTER_MEMORY_USABLE &&
            segment.range->owner == MUSTER_OWNER_NONE)
            status = take_segment(custody, &segment, MUSTER_OWNER_FIRMWARE_TABLES);
    }
    return status;
}

static enum muster_status take_table(void *context, const struct muster_page_visit *visit)
{
    if (!visit->is_table)
        return MUSTER_OK;
    return muster_custody_take(context, visit->phys, visit->bytes, MUSTER_OWNER_FIRMWARE_TABLES);
}

enum muster_status muster_custody_take_tables(struct muster_custody *custody, uint64_t cr3,
                                              unsigned levels)
{
    return muster_paging_walk(custody->platform, cr3, levels, take_table, custody);
}

/* False if a part cannot be reached: what cannot be scrubbed must not be handed over. */
static bool scrub(const struct muster_platform *platform, uint64_t start_phys, uint64_t end_phys)
{
    while (start_phys < end_phys) {
        uint64_t left = end_phys - start_phys;
        size_t bytes = left < SCRUB_BYTES ? (size_t)left : SCRUB_BYTES;
        void *memory = platform->map(platform->context, start_phys, bytes);

        if (!memory)
            return false;
        memset(memory, 0, bytes);
        start_phys += bytes;
    }
    return true;
}

/*
 * Range by range: each is wholly scrubbed before it is free. It is found anew each time, since
 * freeing one joins it with its neighbours. Whole ranges are freed, so a full map is no obstacle.
 * A second call finds nothing: takes are refused from the first one on.
 */
enum muster_status muster_custody_release(struct muster_custody *custody, bool ap_in_firmware)
{
    struct muster_memory_map *map = custody->map;
    uint32_t i = 0;

    if (ap_in_firmware)
        return MUSTER_ERROR_CUSTODY_IN_USE;
    if (custody->policy == MUSTER_CUSTODY_KEEP)
        return MUSTER_DENIED;

    while (i < map->count) {
        struct muster_memory_range range = map->ranges[i];

        if (!is_custody(range.owner) || range.type != MUSTER_MEMORY_USABLE) {
            i++;
            continue;
        }
        if (!scrub(custody->platform, range.start_phys, range.end_phys))
            return MUSTER_ERROR_RANGE_INVALID;
        /* The freed range may have joined the one below it; either way index i is not yet seen. */
        custody->returned_bytes += muster_memory_release_range(
            map, range.start_phys, range.end_phys - range.start_phys, range.owner);
    }
    custody->released = true;
    return MUSTER_OK;
}
