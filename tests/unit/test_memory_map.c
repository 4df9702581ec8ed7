#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <muster/memory.h>

#include "abi/e820.h"
#include "abi/multiboot.h"
#include "abi/multiboot2.h"
#include "abi/pvh.h"
#include "tests/unit/fake_memory.h"

#define OTHER_OWNER (MUSTER_OWNER_HOST + 1)

/* A map over storage of exactly its capacity, so that the address sanitizer sees one too many. */
static struct muster_memory_map new_map(uint32_t capacity)
{
    struct muster_memory_map map;

    muster_memory_init(&map, calloc(capacity, sizeof(*map.ranges)), capacity);
    return map;
}

static void assert_range(const struct muster_memory_map *map, uint32_t index, uint64_t start,
                         uint64_t end, enum muster_memory_type type, uint32_t owner)
{
    assert_true(index < map->count);
    assert_int_equal(map->ranges[index].start_phys, start);
    assert_int_equal(map->ranges[index].end_phys, end);
    assert_int_equal(map->ranges[index].type, type);
    assert_int_equal(map->ranges[index].owner, owner);
}

static void ranges_in_any_order_are_sorted_and_merged(void **state)
{
    struct muster_memory_map map = new_map(4);

    (void)state;
    assert_int_equal(muster_memory_add(&map, 0x3000, 0x1000, MUSTER_MEMORY_USABLE), MUSTER_OK);
    assert_int_equal(muster_memory_add(&map, 0x1000, 0x1000, MUSTER_MEMORY_USABLE), MUSTER_OK);
    assert_int_equal(muster_memory_add(&map, 0x8000, 0x1000, MUSTER_MEMORY_ACPI), MUSTER_OK);
    assert_int_equal(map.count, 3);
    assert_int_equal(muster_memory_add(&map, 0x2000, 0x1000, MUSTER_MEMORY_USABLE), MUSTER_OK);
    assert_int_equal(map.count, 2);
    assert_range(&map, 0, 0x1000, 0x4000, MUSTER_MEMORY_USABLE, MUSTER_OWNER_NONE);
    assert_range(&map, 1, 0x8000, 0x9000, MUSTER_MEMORY_ACPI, MUSTER_OWNER_NONE);
    free(map.ranges);
}

static void more_restrictive_type_wins_in_both_orders(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct muster_memory_map map = new_map(3);

        if (order == 0)
            muster_memory_add(&map, 0x0, 0x10000, MUSTER_MEMORY_USABLE);
        assert_int_equal(muster_memory_add(&map, 0x4000, 0x1000, MUSTER_MEMORY_NVS), MUSTER_OK);
        if (order == 1)
            muster_memory_add(&map, 0x0, 0x10000, MUSTER_MEMORY_USABLE);
        assert_int_equal(map.count, 3);
        assert_range(&map, 0, 0x0, 0x4000, MUSTER_MEMORY_USABLE, MUSTER_OWNER_NONE);
        assert_range(&map, 1, 0x4000, 0x5000, MUSTER_MEMORY_NVS, MUSTER_OWNER_NONE);
        assert_range(&map, 2, 0x5000, 0x10000, MUSTER_MEMORY_USABLE, MUSTER_OWNER_NONE);
        free(map.ranges);
    }
}

static void owner_stays_when_its_range_is_described_again(void **state)
{
    struct muster_memory_map map = new_map(8);

    (void)state;
    muster_memory_add(&map, 0x0, 0x10000, MUSTER_MEMORY_USABLE);
    muster_memory_reserve(&map, 0x4000, 0x2000, MUSTER_OWNER_IMAGE);
    assert_int_equal(muster_memory_add(&map, 0x5000, 0x4000, MUSTER_MEMORY_NVS), MUSTER_OK);
    assert_range(&map, 1, 0x4000, 0x5000, MUSTER_MEMORY_USABLE, MUSTER_OWNER_IMAGE);
    assert_range(&map, 2, 0x5000, 0x6000, MUSTER_MEMORY_NVS, MUSTER_OWNER_IMAGE);
    assert_range(&map, 3, 0x6000, 0x9000, MUSTER_MEMORY_NVS, MUSTER_OWNER_NONE);
    free(map.ranges);
}

static void zero_bytes_are_nothing(void **state)
{
    struct muster_memory_map map = new_map(2);

    (void)state;
    assert_int_equal(muster_memory_add(&map, 0x1000, 0, MUSTER_MEMORY_USABLE), MUSTER_OK);
    assert_int_equal(muster_memory_reserve(&map, 0x1000, 0, MUSTER_OWNER_IMAGE), MUSTER_OK);
    assert_int_equal(map.count, 0);
    assert_null(muster_memory_find(&map, 0x1000));
    free(map.ranges);
}

static void range_that_wraps_around_is_invalid(void **state)
{
    struct muster_memory_map map = new_map(2);

    (void)state;
    assert_int_equal(muster_memory_add(&map, UINT64_MAX - 0xfff, 0x2000, MUSTER_MEMORY_USABLE),
                     MUSTER_ERROR_RANGE_INVALID);
    assert_int_equal(muster_memory_reserve(&map, 0x1000, UINT64_MAX, MUSTER_OWNER_IMAGE),
                     MUSTER_ERROR_RANGE_INVALID);
    assert_int_equal(muster_memory_release_range(&map, 0x1000, UINT64_MAX, MUSTER_OWNER_IMAGE), 0);
    assert_int_equal(map.count, 0);
    free(map.ranges);
}

static void full_map_refuses_and_stays_as_it_is(void **state)
{
    struct muster_memory_map map = new_map(2);
    struct muster_memory_range before[2];

    (void)state;
    muster_memory_add(&map, 0x0, 0x10000, MUSTER_MEMORY_USABLE);
    muster_memory_add(&map, 0x20000, 0x10000, MUSTER_MEMORY_USABLE);
    memcpy(before, map.ranges, sizeof(before));
    assert_int_equal(muster_memory_add(&map, 0x4000, 0x1000, MUSTER_MEMORY_NVS),
                     MUSTER_ERROR_MAP_FULL);
    assert_int_equal(muster_memory_reserve(&map, 0x8000, 0x20000, MUSTER_OWNER_IMAGE),
                     MUSTER_ERROR_MAP_FULL);
    assert_int_equal(map.count, 2);
    assert_memory_equal(before, map.ranges, sizeof(before));
    /* What joins ranges always fits. */
    assert_int_equal(muster_memory_add(&map, 0x10000, 0x10000, MUSTER_MEMORY_USABLE), MUSTER_OK);
    assert_int_equal(map.count, 1);
    free(map.ranges);
}

/* Splits at its start and joins at its end: the storage never holds more than the result. */
static void edit_that_splits_and_joins_needs_no_spare_room(void **state)
{
    struct muster_memory_map map = new_map(5);

    (void)state;
    muster_memory_add(&map, 0x0000, 0x10, MUSTER_MEMORY_USABLE);
    muster_memory_add(&map, 0x0020, 0x10, MUSTER_MEMORY_NVS);
    muster_memory_add(&map, 0x0030, 0x10, MUSTER_MEMORY_RESERVED);
    muster_memory_add(&map, 0x0050, 0x10, MUSTER_MEMORY_RESERVED);
    muster_memory_add(&map, 0x0070, 0x10, MUSTER_MEMORY_RESERVED);
    assert_int_equal(muster_memory_reserve(&map, 0x8, 0x78, MUSTER_OWNER_IMAGE), MUSTER_OK);
    assert_int_equal(map.count, 5);
    assert_range(&map, 1, 0x08, 0x10, MUSTER_MEMORY_USABLE, MUSTER_OWNER_IMAGE);
    assert_range(&map, 2, 0x10, 0x20, MUSTER_MEMORY_RESERVED, MUSTER_OWNER_IMAGE);
    assert_range(&map, 4, 0x30, 0x80, MUSTER_MEMORY_RESERVED, MUSTER_OWNER_IMAGE);
    free(map.ranges);
}

static void e820_types_go_both_ways_and_unknown_ones_are_reserved(void **state)
{
    (void)state;
    for (uint32_t type = E820_USABLE; type <= E820_UNUSABLE; type++)
        assert_int_equal(muster_memory_type_to_e820(muster_memory_type_from_e820(type)), type);
    assert_int_equal(muster_memory_type_from_e820(E820_USABLE), MUSTER_MEMORY_USABLE);
    assert_int_equal(muster_memory_type_from_e820(0), MUSTER_MEMORY_RESERVED);
    assert_int_equal(muster_memory_type_from_e820(7), MUSTER_MEMORY_RESERVED);
    assert_int_equal(muster_memory_type_from_e820(UINT32_MAX), MUSTER_MEMORY_RESERVED);
    assert_int_equal(muster_memory_type_to_e820((enum muster_memory_type)99), E820_RESERVED);
}

static void e820_and_pvh_maps_are_added_whole(void **state)
{
    const struct e820_entry e820[] = {{0x100000, 0x100000, E820_USABLE},
                                      {0, 0x9fc00, E820_USABLE},
                                      {0x9fc00, 0x400, E820_RESERVED},
                                      {0x180000, 0x1000, E820_NVS},
                                      {0x500000, 0, E820_UNUSABLE}};
    struct muster_memory_map one = new_map(16);
    struct muster_memory_map other = new_map(16);

    (void)state;
    assert_int_equal(muster_memory_add_e820(&one, e820, 5), MUSTER_OK);
    assert_int_equal(one.count, 5);
    assert_range(&one, 1, 0x9fc00, 0xa0000, MUSTER_MEMORY_RESERVED, MUSTER_OWNER_NONE);
    assert_range(&one, 3, 0x180000, 0x181000, MUSTER_MEMORY_NVS, MUSTER_OWNER_NONE);
    for (unsigned i = 0; i < 5; i++) {
        struct pvh_memory_entry pvh = {e820[i].start_phys, e820[i].bytes, e820[i].type, 0};

        assert_int_equal(muster_memory_add_pvh(&other, &pvh, 1), MUSTER_OK);
    }
    assert_int_equal(other.count, one.count);
    assert_memory_equal(other.ranges, one.ranges, one.count * sizeof(*one.ranges));
    free(one.ranges);
    free(other.ranges);
}

static void bad_entry_of_a_map_is_reported(void **state)
{
    const struct e820_entry wraps[] = {{0x1000, 0x1000, E820_USABLE},
                                       {UINT64_MAX, 0x1000, E820_USABLE},
                                       {0x8000, 0x1000, E820_USABLE}};
    const struct pvh_memory_entry pvh[] = {{UINT64_MAX, 2, E820_USABLE, 0}};
    struct muster_memory_map map = new_map(1);

    (void)state;
    assert_int_equal(muster_memory_add_e820(&map, wraps, 3), MUSTER_ERROR_RANGE_INVALID);
    assert_int_equal(map.count, 1);
    assert_int_equal(muster_memory_add_e820(&map, &wraps[2], 1), MUSTER_ERROR_MAP_FULL);
    assert_int_equal(muster_memory_add_pvh(&map, pvh, 1), MUSTER_ERROR_RANGE_INVALID);
    free(map.ranges);
}

/* Copied to memory of exactly @bytes, so that the address sanitizer sees a read behind it. */
static enum muster_status add_exact(struct muster_memory_map *map, const void *data, uint32_t bytes,
                                    bool version2)
{
    void *copy = malloc(bytes ? bytes : 1);
    enum muster_status status;

    memcpy(copy, data, bytes);
    status = version2 ? muster_memory_add_multiboot2(map, copy, bytes)
                      : muster_memory_add_multiboot(map, copy, bytes);
    free(copy);
    return status;
}

static void multiboot_map_with_longer_entries_is_read(void **state)
{
    struct {
        struct multiboot_mmap_entry first;
        uint32_t extended;
        struct multiboot_mmap_entry second;
    } __attribute__((packed))
    mmap = {{24, 0x0, 0x9f000, E820_USABLE}, 0xffffffff, {20, 0x100000, 0x1000, E820_ACPI}};
    struct muster_memory_map map = new_map(4);

    (void)state;
    assert_int_equal(add_exact(&map, &mmap, sizeof(mmap), false), MUSTER_OK);
    assert_int_equal(map.count, 2);
    assert_range(&map, 1, 0x100000, 0x101000, MUSTER_MEMORY_ACPI, MUSTER_OWNER_NONE);
    assert_int_equal(add_exact(&map, &mmap, 0, false), MUSTER_OK);
    free(map.ranges);
}

static void multiboot_entry_past_the_end_is_malformed(void **state)
{
    const uint32_t lies[] = {0, 19, 21, 24, UINT32_MAX, UINT32_MAX - 3};
    struct multiboot_mmap_entry entry = {20, 0x1000, 0x1000, E820_USABLE};
    struct muster_memory_map map = new_map(4);

    (void)state;
    for (uint32_t bytes = 1; bytes < sizeof(entry); bytes++)
        assert_int_equal(add_exact(&map, &entry, bytes, false), MUSTER_ERROR_MAP_MALFORMED);
    for (unsigned i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
        entry.size = lies[i];
        assert_int_equal(add_exact(&map, &entry, sizeof(entry), false), MUSTER_ERROR_MAP_MALFORMED);
    }
    assert_int_equal(map.count, 0);
    free(map.ranges);
}

struct tag_of_two {
    struct multiboot2_mmap_tag header;
    struct multiboot2_mmap_entry entries[2];
};

static const struct tag_of_two good_tag = {
    {MULTIBOOT2_TAG_MMAP, sizeof(struct tag_of_two), 24, 0},
    {{0x1000, 0x1000, E820_USABLE, 0}, {0x4000, 0x1000, E820_NVS, 0}}};

static void multiboot2_tag_is_read(void **state)
{
    struct muster_memory_map map = new_map(4);
    struct tag_of_two tag = good_tag;

    (void)state;
    assert_int_equal(add_exact(&map, &tag, sizeof(tag), true), MUSTER_OK);
    assert_int_equal(map.count, 2);
    assert_range(&map, 1, 0x4000, 0x5000, MUSTER_MEMORY_NVS, MUSTER_OWNER_NONE);
    map.count = 0;
    tag.header.size = sizeof(tag.header) + 48; /* one entry of 48 bytes */
    tag.header.entry_size = 48;
    assert_int_equal(add_exact(&map, &tag, sizeof(tag), true), MUSTER_OK);
    assert_int_equal(map.count, 1);
    free(map.ranges);
}

static void multiboot2_tag_that_lies_is_malformed(void **state)
{
    const struct multiboot2_mmap_tag lies[] = {
        {5, 64, 24, 0}, {6, 65, 24, 0}, {6, 15, 24, 0}, {6, 0, 24, 0},  {6, 64, 0, 0},
        {6, 64, 16, 0}, {6, 44, 28, 0}, {6, 56, 24, 0}, {6, 64, 32, 0}, {6, 64, UINT32_MAX - 7, 0},
    };
    struct muster_memory_map map = new_map(4);
    struct tag_of_two tag = good_tag;

    (void)state;
    for (uint32_t bytes = 0; bytes < sizeof(tag); bytes++)
        assert_int_equal(add_exact(&map, &tag, bytes, true), MUSTER_ERROR_MAP_MALFORMED);
    for (unsigned i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
        tag.header = lies[i];
        assert_int_equal(add_exact(&map, &tag, sizeof(tag), true), MUSTER_ERROR_MAP_MALFORMED);
    }
    assert_int_equal(map.count, 0);
    free(map.ranges);
}

static void reserving_what_another_owns_is_refused_unchanged(void **state)
{
    struct muster_memory_map map = new_map(8);

    (void)state;
    muster_memory_add(&map, 0x0, 0x10000, MUSTER_MEMORY_USABLE);
    assert_int_equal(muster_memory_reserve(&map, 0x4000, 0x1000, MUSTER_OWNER_IMAGE), MUSTER_OK);
    assert_int_equal(muster_memory_reserve(&map, 0x3000, 0x1001, OTHER_OWNER),
                     MUSTER_ERROR_RANGE_OWNED);
    assert_int_equal(muster_memory_reserve(&map, 0x4fff, 0x1000, OTHER_OWNER),
                     MUSTER_ERROR_RANGE_OWNED);
    assert_int_equal(map.count, 3);
    assert_int_equal(muster_memory_reserve(&map, 0x3000, 0x3000, MUSTER_OWNER_IMAGE), MUSTER_OK);
    assert_range(&map, 1, 0x3000, 0x6000, MUSTER_MEMORY_USABLE, MUSTER_OWNER_IMAGE);
    assert_int_equal(muster_memory_reserve(&map, 0x8000, 1, MUSTER_OWNER_NONE),
                     MUSTER_INVALID_ARGUMENT);
    free(map.ranges);
}

static void reserved_hole_is_reserved_for_good(void **state)
{
    struct muster_memory_map map = new_map(8);

    (void)state;
    muster_memory_add(&map, 0x1000, 0x1000, MUSTER_MEMORY_USABLE);
    assert_int_equal(muster_memory_reserve(&map, 0x0, 0x3000, OTHER_OWNER), MUSTER_OK);
    assert_range(&map, 0, 0x0, 0x1000, MUSTER_MEMORY_RESERVED, OTHER_OWNER);
    assert_range(&map, 2, 0x2000, 0x3000, MUSTER_MEMORY_RESERVED, OTHER_OWNER);
    assert_int_equal(muster_memory_release(&map, OTHER_OWNER), 0x1000);
    assert_int_equal(muster_memory_find(&map, 0x2000)->type, MUSTER_MEMORY_RESERVED);
    assert_int_equal(muster_memory_find(&map, 0x2000)->owner, MUSTER_OWNER_NONE);
    free(map.ranges);
}

static void release_counts_only_what_is_usable_and_free_again(void **state)
{
    struct muster_memory_map map = new_map(8);

    (void)state;
    muster_memory_add(&map, 0x0, 0x8000, MUSTER_MEMORY_USABLE);
    muster_memory_add(&map, 0x8000, 0x8000, MUSTER_MEMORY_NVS);
    muster_memory_reserve(&map, 0x6000, 0x4000, OTHER_OWNER);
    muster_memory_reserve(&map, 0x1000, 0x1000, MUSTER_OWNER_IMAGE);
    assert_int_equal(muster_memory_release(&map, MUSTER_OWNER_BOOT), 0);
    assert_int_equal(muster_memory_release(&map, MUSTER_OWNER_NONE), 0);
    assert_int_equal(muster_memory_release_range(&map, 0x7000, 0x2000, OTHER_OWNER), 0x1000);
    assert_int_equal(muster_memory_release(&map, OTHER_OWNER), 0x1000);
    assert_int_equal(muster_memory_release(&map, OTHER_OWNER), 0);
    assert_int_equal(map.count, 4);
    assert_int_equal(muster_memory_find(&map, 0x1000)->owner, MUSTER_OWNER_IMAGE);
    free(map.ranges);
}

static void release_of_a_middle_without_room_frees_nothing(void **state)
{
    struct muster_memory_map map = new_map(2);

    (void)state;
    muster_memory_add(&map, 0x0, 0x8000, MUSTER_MEMORY_USABLE);
    muster_memory_reserve(&map, 0x0, 0x8000, OTHER_OWNER);
    assert_int_equal(muster_memory_release_range(&map, 0x1000, 0x1000, OTHER_OWNER), 0);
    assert_int_equal(map.count, 1);
    assert_int_equal(muster_memory_release_range(&map, 0x7000, 0x1000, OTHER_OWNER), 0x1000);
    free(map.ranges);
}

static void allocation_is_as_high_as_possible_and_aligned(void **state)
{
    struct muster_memory_map map = new_map(16);
    uint64_t phys = 1;

    (void)state;
    muster_memory_add(&map, 0x0, 0x9fc00, MUSTER_MEMORY_USABLE);
    muster_memory_add(&map, 0x100000, 0x300000, MUSTER_MEMORY_USABLE);
    assert_int_equal(
        muster_memory_allocate(&map, 0x1000, 0x1000, 0, UINT64_MAX, OTHER_OWNER, &phys), MUSTER_OK);
    assert_int_equal(phys, 0x3ff000);
    assert_int_equal(
        muster_memory_allocate(&map, 0x1000, 0x200000, 0, UINT64_MAX, OTHER_OWNER, &phys),
        MUSTER_OK);
    assert_int_equal(phys, 0x200000);
    assert_int_equal(muster_memory_allocate(&map, 0x1000, 0x1000, 0, 0x100000, OTHER_OWNER, &phys),
                     MUSTER_OK);
    assert_int_equal(phys, 0x9e000);
    assert_int_equal(
        muster_memory_allocate(&map, 0x2000, 0x1000, 0x9e000, 0x100000, OTHER_OWNER, &phys),
        MUSTER_ERROR_OUT_OF_MEMORY);
    assert_int_equal(muster_memory_find(&map, 0x200000)->owner, OTHER_OWNER);
    assert_int_equal(phys, 0x9e000);
    free(map.ranges);
}

static void page_zero_is_never_given(void **state)
{
    struct muster_memory_map map = new_map(4);
    uint64_t phys = 1;

    (void)state;
    muster_memory_add(&map, 0x0, 0x2000, MUSTER_MEMORY_USABLE);
    assert_int_equal(muster_memory_allocate(&map, 0x1001, 1, 0, 0x2000, OTHER_OWNER, &phys),
                     MUSTER_ERROR_OUT_OF_MEMORY);
    assert_int_equal(muster_memory_allocate(&map, 0x1000, 1, 0, 0x2000, OTHER_OWNER, &phys),
                     MUSTER_OK);
    assert_int_equal(phys, 0x1000);
    assert_int_equal(muster_memory_allocate(&map, 1, 1, 0, 0x2000, OTHER_OWNER, &phys),
                     MUSTER_ERROR_OUT_OF_MEMORY);
    free(map.ranges);
}

static void senseless_allocation_is_refused(void **state)
{
    struct muster_memory_map map = new_map(2);
    uint64_t phys = 1;

    (void)state;
    muster_memory_add(&map, 0x0, 0x8000, MUSTER_MEMORY_USABLE);
    assert_int_equal(muster_memory_allocate(&map, 0, 1, 0, 0x8000, OTHER_OWNER, &phys),
                     MUSTER_INVALID_ARGUMENT);
    assert_int_equal(muster_memory_allocate(&map, 1, 0, 0, 0x8000, OTHER_OWNER, &phys),
                     MUSTER_INVALID_ARGUMENT);
    assert_int_equal(muster_memory_allocate(&map, 1, 3, 0, 0x8000, OTHER_OWNER, &phys),
                     MUSTER_INVALID_ARGUMENT);
    assert_int_equal(muster_memory_allocate(&map, 1, 1, 0, 0x8000, MUSTER_OWNER_NONE, &phys),
                     MUSTER_INVALID_ARGUMENT);
    assert_int_equal(muster_memory_allocate(&map, UINT64_MAX, 1, 0, 0x8000, OTHER_OWNER, &phys),
                     MUSTER_ERROR_OUT_OF_MEMORY);
    assert_int_equal(muster_memory_allocate(&map, 1, 1, 0, 0x8000, OTHER_OWNER, &phys), MUSTER_OK);
    assert_int_equal(muster_memory_allocate(&map, 1, 1, 0, 0x4000, OTHER_OWNER, &phys),
                     MUSTER_ERROR_MAP_FULL);
    assert_int_equal(phys, 0x7fff);
    free(map.ranges);
}

/* ---- The same operations on a model that knows every page by itself. ---- */

#define MODEL_PAGES 96u
#define MODEL_PAGE  0x1000ull

struct model_page {
    bool present;
    enum muster_memory_type type;
    uint32_t owner;
};

struct model {
    struct model_page pages[MODEL_PAGES];
};

static bool pages_equal(const struct model_page *one, const struct model_page *other)
{
    if (!one->present || !other->present)
        return one->present == other->present;
    return one->type == other->type && one->owner == other->owner;
}

static uint32_t model_count(const struct model *model)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < MODEL_PAGES; i++) {
        if (model->pages[i].present &&
            (i == 0 || !pages_equal(&model->pages[i - 1], &model->pages[i])))
            count++;
    }
    return count;
}

static void assert_same(const struct muster_memory_map *map, const struct model *model)
{
    assert_int_equal(map->count, model_count(model));
    for (uint32_t i = 0; i < map->count; i++) {
        assert_true(map->ranges[i].start_phys < map->ranges[i].end_phys);
        assert_true(i == 0 || map->ranges[i - 1].end_phys <= map->ranges[i].start_phys);
    }
    for (uint32_t i = 0; i < MODEL_PAGES; i++) {
        const struct muster_memory_range *range = muster_memory_find(map, i * MODEL_PAGE + 5);
        struct model_page page = {range != NULL, 0, 0};

        if (range) {
            page.type = range->type;
            page.owner = range->owner;
        }
        assert_true(pages_equal(&page, &model->pages[i]));
    }
}

/* Keep what was done to the model if a map of @capacity can hold it; else undo it. */
static enum muster_status settle(struct model *model, const struct model *before, uint32_t capacity)
{
    if (model_count(model) <= capacity)
        return MUSTER_OK;
    *model = *before;
    return MUSTER_ERROR_MAP_FULL;
}

static enum muster_status model_add(struct model *model, uint32_t first, uint32_t count,
                                    enum muster_memory_type type, uint32_t capacity)
{
    struct model before = *model;

    for (uint32_t i = first; i < first + count; i++) {
        struct model_page *page = &model->pages[i];

        if (!page->present || page->type < type)
            page->type = type;
        page->present = true;
    }
    return settle(model, &before, capacity);
}

static enum muster_status model_reserve(struct model *model, uint32_t first, uint32_t count,
                                        uint32_t owner, uint32_t capacity)
{
    struct model before = *model;

    for (uint32_t i = first; i < first + count; i++) {
        struct model_page *page = &model->pages[i];

        if (page->present && page->owner != MUSTER_OWNER_NONE && page->owner != owner) {
            *model = before;
            return MUSTER_ERROR_RANGE_OWNED;
        }
        if (!page->present)
            page->type = MUSTER_MEMORY_RESERVED;
        page->present = true;
        page->owner = owner;
    }
    return settle(model, &before, capacity);
}

static uint64_t model_release(struct model *model, uint32_t first, uint32_t count, uint32_t owner,
                              uint32_t capacity)
{
    struct model before = *model;
    uint64_t bytes = 0;

    for (uint32_t i = first; i < first + count; i++) {
        struct model_page *page = &model->pages[i];

        if (!page->present || page->owner != owner)
            continue;
        page->owner = MUSTER_OWNER_NONE;
        if (page->type == MUSTER_MEMORY_USABLE)
            bytes += MODEL_PAGE;
    }
    return settle(model, &before, capacity) == MUSTER_OK ? bytes : 0;
}

static bool model_is_free(const struct model *model, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        const struct model_page *page = &model->pages[i];

        if (!page->present || page->type != MUSTER_MEMORY_USABLE || page->owner != 0)
            return false;
    }
    return true;
}

static enum muster_status model_allocate(struct model *model, uint32_t count, uint32_t align,
                                         uint32_t floor, uint32_t limit, uint32_t owner,
                                         uint32_t capacity, uint64_t *phys)
{
    for (uint32_t first = MODEL_PAGES; first-- > 1;) {
        enum muster_status status;

        if (first % align != 0 || first < floor || first + count > limit ||
            first + count > MODEL_PAGES || !model_is_free(model, first, count))
            continue;
        status = model_reserve(model, first, count, owner, capacity);
        if (status == MUSTER_OK)
            *phys = first * MODEL_PAGE;
        return status;
    }
    return MUSTER_ERROR_OUT_OF_MEMORY;
}

static void random_step(struct muster_memory_map *map, struct model *model, uint64_t *seed)
{
    uint32_t first = fake_random(seed, MODEL_PAGES);
    uint32_t count = fake_random(seed, 1 + fake_random(seed, MODEL_PAGES - first + 1));
    uint32_t owner = 1 + fake_random(seed, 3);
    uint32_t type = fake_random(seed, 3) ? fake_random(seed, 2) : fake_random(seed, 5);
    uint32_t align = 1u << fake_random(seed, 4);
    uint64_t phys = 7;
    uint64_t model_phys = 7;

    switch (fake_random(seed, 6)) {
    case 0:
        assert_int_equal(muster_memory_add(map, first * MODEL_PAGE, count * MODEL_PAGE, type),
                         model_add(model, first, count, type, map->capacity));
        break;
    case 1:
        assert_int_equal(muster_memory_reserve(map, first * MODEL_PAGE, count * MODEL_PAGE, owner),
                         model_reserve(model, first, count, owner, map->capacity));
        break;
    case 2:
        if (fake_random(seed, 4) == 0)
            assert_int_equal(muster_memory_release(map, owner),
                             model_release(model, 0, MODEL_PAGES, owner, map->capacity));
        break;
    case 3:
        assert_int_equal(
            muster_memory_release_range(map, first * MODEL_PAGE, count * MODEL_PAGE, owner),
            model_release(model, first, count, owner, map->capacity));
        break;
    default:
        count = 1 + fake_random(seed, 6);
        assert_int_equal(muster_memory_allocate(
                             map, count * MODEL_PAGE, align * MODEL_PAGE, first / 3 * MODEL_PAGE,
                             (MODEL_PAGES - first / 2) * MODEL_PAGE, owner, &phys),
                         model_allocate(model, count, align, first / 3, MODEL_PAGES - first / 2,
                                        owner, map->capacity, &model_phys));
        assert_int_equal(phys, model_phys);
        break;
    }
}

static void map_does_what_a_model_of_single_pages_does(void **state)
{
    uint64_t seed = 0x6d7573746572;

    (void)state;
    for (int round = 0; round < 300; round++) {
        struct muster_memory_map map = new_map(1 + fake_random(&seed, 40));
        struct model model = {0};

        for (int step = 0; step < 120; step++) {
            random_step(&map, &model, &seed);
            assert_same(&map, &model);
        }
        free(map.ranges);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_in_any_order_are_sorted_and_merged),
        cmocka_unit_test(more_restrictive_type_wins_in_both_orders),
        cmocka_unit_test(owner_stays_when_its_range_is_described_again),
        cmocka_unit_test(zero_bytes_are_nothing),
        cmocka_unit_test(range_that_wraps_around_is_invalid),
        cmocka_unit_test(full_map_refuses_and_stays_as_it_is),
        cmocka_unit_test(edit_that_splits_and_joins_needs_no_spare_room),
        cmocka_unit_test(e820_types_go_both_ways_and_unknown_ones_are_reserved),
        cmocka_unit_test(e820_and_pvh_maps_are_added_whole),
        cmocka_unit_test(bad_entry_of_a_map_is_reported),
        cmocka_unit_test(multiboot_map_with_longer_entries_is_read),
        cmocka_unit_test(multiboot_entry_past_the_end_is_malformed),
        cmocka_unit_test(multiboot2_tag_is_read),
        cmocka_unit_test(multiboot2_tag_that_lies_is_malformed),
        cmocka_unit_test(reserving_what_another_owns_is_refused_unchanged),
        cmocka_unit_test(reserved_hole_is_reserved_for_good),
        cmocka_unit_test(release_counts_only_what_is_usable_and_free_again),
        cmocka_unit_test(release_of_a_middle_without_room_frees_nothing),
        cmocka_unit_test(allocation_is_as_high_as_possible_and_aligned),
        cmocka_unit_test(page_zero_is_never_given),
        cmocka_unit_test(senseless_allocation_is_refused),
        cmocka_unit_test(map_does_what_a_model_of_single_pages_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
