#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <muster/custody.h>

#include "abi/x86.h"
#include "tests/unit/fake_memory.h"

#define MEMORY_BYTES (16ull << 20)
#define DIRT         0xa5
#define TABLE        ((uint64_t)(PTE_PRESENT | PTE_WRITABLE | PTE_USER))

struct machine {
    struct fake_memory *memory;
    struct muster_memory_range storage[128];
    struct muster_memory_map map;
    struct muster_custody custody;
};

/* @size bytes of dirty memory that nothing describes yet. */
static struct machine *new_machine(uint64_t size)
{
    struct machine *machine = calloc(1, sizeof(*machine));

    machine->memory = fake_memory_new(size);
    memset(machine->memory->bytes, DIRT, size);
    muster_memory_init(&machine->map, machine->storage, 128);
    muster_custody_init(&machine->custody, &machine->map, &machine->memory->platform,
                        MUSTER_CUSTODY_RECLAIM);
    return machine;
}

static int set_up(void **state)
{
    struct machine *machine = new_machine(MEMORY_BYTES);

    muster_memory_add(&machine->map, 0, MEMORY_BYTES, MUSTER_MEMORY_USABLE);
    *state = machine;
    return 0;
}

static int tear_down(void **state)
{
    struct machine *machine = *state;

    fake_memory_free(machine->memory);
    free(machine);
    return 0;
}

static uint32_t owner_of(const struct machine *machine, uint64_t phys)
{
    const struct muster_memory_range *range = muster_memory_find(&machine->map, phys);

    return range ? range->owner : UINT32_MAX;
}

static bool all_bytes_are(const struct machine *machine, uint64_t start, uint64_t end,
                          uint8_t value)
{
    for (uint64_t i = start; i < end; i++) {
        if (machine->memory->bytes[i] != value)
            return false;
    }
    return true;
}

/* An empty table at @phys. */
static uint64_t *clear_table(struct machine *machine, uint64_t phys)
{
    memset(machine->memory->bytes + phys, 0, PAGE_BYTES);
    return fake_memory_table(machine->memory, phys);
}

static void policy_keeps_where_there_is_a_reset_vector(void **state)
{
    (void)state;
    assert_int_equal(muster_custody_default_policy(true), MUSTER_CUSTODY_KEEP);
    assert_int_equal(muster_custody_default_policy(false), MUSTER_CUSTODY_RECLAIM);
}

static void taken_range_is_widened_to_whole_pages(void **state)
{
    struct machine *machine = *state;
    uint64_t phys;

    assert_int_equal(
        muster_custody_take(&machine->custody, 0x5fff, 2, MUSTER_OWNER_FIRMWARE_MAILBOX),
        MUSTER_OK);
    assert_int_equal(machine->custody.taken_bytes, 0x2000);
    assert_int_equal(machine->custody.taken_usable_bytes, 0x2000);
    assert_int_equal(owner_of(machine, 0x5000), MUSTER_OWNER_FIRMWARE_MAILBOX);
    assert_int_equal(owner_of(machine, 0x6fff), MUSTER_OWNER_FIRMWARE_MAILBOX);
    assert_int_equal(owner_of(machine, 0x4fff), MUSTER_OWNER_NONE);
    assert_int_equal(owner_of(machine, 0x7000), MUSTER_OWNER_NONE);
    assert_int_equal(muster_memory_allocate(&machine->map, 0x1000, 0x1000, 0x5000, 0x7000,
                                            MUSTER_OWNER_HOST, &phys),
                     MUSTER_ERROR_OUT_OF_MEMORY);
}

static void what_custody_holds_may_be_taken_again(void **state)
{
    struct machine *machine = *state;
    struct muster_custody *custody = &machine->custody;

    assert_int_equal(muster_custody_take(custody, 0x5000, 0x1000, MUSTER_OWNER_FIRMWARE_MAILBOX),
                     MUSTER_OK);
    assert_int_equal(muster_custody_take(custody, 0x5000, 0x1000, MUSTER_OWNER_FIRMWARE_MAILBOX),
                     MUSTER_OK);
    assert_int_equal(muster_custody_take(custody, 0x4000, 0x3000, MUSTER_OWNER_FIRMWARE_TABLES),
                     MUSTER_OK);
    assert_int_equal(owner_of(machine, 0x4000), MUSTER_OWNER_FIRMWARE_TABLES);
    assert_int_equal(owner_of(machine, 0x5000), MUSTER_OWNER_FIRMWARE_MAILBOX);
    assert_int_equal(owner_of(machine, 0x6000), MUSTER_OWNER_FIRMWARE_TABLES);
    assert_int_equal(custody->taken_bytes, 0x3000);
}

static void what_another_owns_is_refused_and_nothing_taken(void **state)
{
    struct machine *machine = *state;

    muster_memory_reserve(&machine->map, 0x6000, 0x1000, MUSTER_OWNER_IMAGE);
    assert_int_equal(
        muster_custody_take(&machine->custody, 0x4000, 0x2001, MUSTER_OWNER_FIRMWARE_LOOP),
        MUSTER_ERROR_RANGE_OWNED);
    assert_int_equal(owner_of(machine, 0x4000), MUSTER_OWNER_NONE);
    assert_int_equal(machine->custody.taken_bytes, 0);
}

static void senseless_takes_are_refused(void **state)
{
    struct machine *machine = *state;
    struct muster_custody *custody = &machine->custody;

    assert_int_equal(muster_custody_take(custody, 0x4000, 1, MUSTER_OWNER_IMAGE),
                     MUSTER_INVALID_ARGUMENT);
    assert_int_equal(muster_custody_take(custody, UINT64_MAX, 2, MUSTER_OWNER_FIRMWARE_LOOP),
                     MUSTER_ERROR_RANGE_INVALID);
    assert_int_equal(muster_custody_take(custody, UINT64_MAX - 9, 2, MUSTER_OWNER_FIRMWARE_LOOP),
                     MUSTER_ERROR_RANGE_INVALID);
    assert_int_equal(muster_custody_take(custody, 0x4001, 0, MUSTER_OWNER_FIRMWARE_LOOP),
                     MUSTER_OK);
    machine->map.capacity = machine->map.count;
    assert_int_equal(muster_custody_take(custody, 0x4000, 1, MUSTER_OWNER_FIRMWARE_LOOP),
                     MUSTER_ERROR_MAP_FULL);
    assert_int_equal(muster_custody_take_known(custody), MUSTER_ERROR_MAP_FULL);
    assert_int_equal(custody->taken_bytes, 0);
}

static void older_tdvf_range_is_taken_where_plain_and_unowned(void **state)
{
    struct machine *machine = *state;

    muster_memory_add(&machine->map, 0x803000, 0x1000, MUSTER_MEMORY_NVS);
    muster_memory_reserve(&machine->map, 0x80c000, 0x4000, MUSTER_OWNER_BOOT);
    assert_int_equal(muster_custody_take_known(&machine->custody), MUSTER_OK);
    assert_int_equal(owner_of(machine, 0x7fffff), MUSTER_OWNER_NONE);
    assert_int_equal(owner_of(machine, 0x800000), MUSTER_OWNER_FIRMWARE_TABLES);
    assert_int_equal(owner_of(machine, 0x803000), MUSTER_OWNER_NONE);
    assert_int_equal(owner_of(machine, 0x804000), MUSTER_OWNER_FIRMWARE_TABLES);
    assert_int_equal(owner_of(machine, 0x80c000), MUSTER_OWNER_BOOT);
    assert_int_equal(machine->custody.taken_bytes, 0xb000);
    assert_int_equal(machine->custody.taken_usable_bytes, 0xb000);
}

static void older_tdvf_range_ends_at_its_last_byte(void **state)
{
    struct machine *machine = *state;

    assert_int_equal(muster_custody_take_known(&machine->custody), MUSTER_OK);
    assert_int_equal(owner_of(machine, 0x80cfff), MUSTER_OWNER_FIRMWARE_TABLES);
    assert_int_equal(owner_of(machine, 0x80d000), MUSTER_OWNER_NONE);
    assert_int_equal(muster_custody_take_known(&machine->custody), MUSTER_OK);
    assert_int_equal(machine->custody.taken_bytes, 0xd000);
}

static void older_tdvf_range_in_a_hole_is_left_alone(void **state)
{
    struct machine *machine = *state;

    muster_memory_init(&machine->map, machine->storage, 128);
    assert_int_equal(muster_custody_take_known(&machine->custody), MUSTER_OK);
    assert_int_equal(machine->map.count, 0);
}

/* Four tables, the first and the third in plain memory, the others in NVS, one leaf far away. */
/* Too much kept is safe: what was taken before the map was full stays so. */
static void map_without_room_ends_a_take_in_the_middle(void **state)
{
    struct machine *machine = *state;
    struct muster_custody *custody = &machine->custody;

    muster_memory_init(&machine->map, machine->storage, 3);
    muster_memory_add(&machine->map, 0, 0x800000, MUSTER_MEMORY_NVS);
    muster_memory_add(&machine->map, 0x800000, 0x2000, MUSTER_MEMORY_USABLE);
    muster_memory_add(&machine->map, 0x803000, 0x800000, MUSTER_MEMORY_USABLE);
    assert_int_equal(muster_custody_take_known(custody), MUSTER_ERROR_MAP_FULL);
    assert_int_equal(owner_of(machine, 0x800000), MUSTER_OWNER_FIRMWARE_TABLES);
    assert_int_equal(owner_of(machine, 0x803000), MUSTER_OWNER_NONE);
    assert_int_equal(muster_custody_take(custody, 0x7ff000, 0x1000000, MUSTER_OWNER_FIRMWARE_LOOP),
                     MUSTER_ERROR_MAP_FULL);
    muster_memory_init(&machine->map, machine->storage, 1);
    muster_memory_add(&machine->map, 0, 0x802000, MUSTER_MEMORY_USABLE);
    assert_int_equal(muster_custody_take_known(custody), MUSTER_ERROR_MAP_FULL);
}

static void write_tables(struct machine *machine)
{
    muster_memory_add(&machine->map, 0x801000, 0x1000, MUSTER_MEMORY_NVS);
    muster_memory_add(&machine->map, 0x900000, 0x1000, MUSTER_MEMORY_NVS);
    clear_table(machine, 0x800000)[0] = 0x801000 | TABLE;
    clear_table(machine, 0x801000)[0] = 0x802000 | TABLE;
    fake_memory_table(machine->memory, 0x801000)[3] = 0x900000 | TABLE;
    clear_table(machine, 0x802000)[0] = PTE_LARGE | TABLE;
    clear_table(machine, 0x900000)[511] = 0x200000 | PTE_LARGE | TABLE;
}

static void every_page_of_the_tables_is_taken_and_no_mapped_one(void **state)
{
    struct machine *machine = *state;

    write_tables(machine);
    assert_int_equal(muster_custody_take_tables(&machine->custody, 0x800000, 4), MUSTER_OK);
    assert_int_equal(owner_of(machine, 0x800000), MUSTER_OWNER_FIRMWARE_TABLES);
    assert_int_equal(owner_of(machine, 0x801000), MUSTER_OWNER_FIRMWARE_TABLES);
    assert_int_equal(owner_of(machine, 0x802000), MUSTER_OWNER_FIRMWARE_TABLES);
    assert_int_equal(owner_of(machine, 0x900000), MUSTER_OWNER_FIRMWARE_TABLES);
    assert_int_equal(owner_of(machine, 0x200000), MUSTER_OWNER_NONE);
    assert_int_equal(owner_of(machine, 0x803000), MUSTER_OWNER_NONE);
    assert_int_equal(machine->custody.taken_bytes, 0x4000);
    assert_int_equal(machine->custody.taken_usable_bytes, 0x2000);
}

static void only_the_usable_tables_come_back_and_scrubbed(void **state)
{
    struct machine *machine = *state;
    struct muster_custody *custody = &machine->custody;

    write_tables(machine);
    muster_custody_take_tables(custody, 0x800000, 4);
    assert_int_equal(muster_custody_release(custody, false), MUSTER_OK);
    assert_true(custody->released);
    assert_int_equal(custody->returned_bytes, 0x2000);
    assert_int_equal(owner_of(machine, 0x800000), MUSTER_OWNER_NONE);
    assert_int_equal(owner_of(machine, 0x802000), MUSTER_OWNER_NONE);
    assert_int_equal(owner_of(machine, 0x801000), MUSTER_OWNER_FIRMWARE_TABLES);
    assert_int_equal(owner_of(machine, 0x900000), MUSTER_OWNER_FIRMWARE_TABLES);
    assert_true(all_bytes_are(machine, 0x800000, 0x801000, 0));
    assert_true(all_bytes_are(machine, 0x802000, 0x803000, 0));
    assert_int_equal(fake_memory_table(machine->memory, 0x801000)[0], 0x802000 | TABLE);
    assert_true(all_bytes_are(machine, 0x803000, 0x900000, DIRT));
    assert_true(all_bytes_are(machine, 0x7ff000, 0x800000, DIRT));
}

static void tables_taken_before_a_bad_one_stay_taken(void **state)
{
    struct machine *machine = *state;
    struct muster_custody *custody = &machine->custody;
    uint64_t *bad;

    write_tables(machine);
    bad = &fake_memory_table(machine->memory, 0x801000)[1];
    *bad = 0x800000 | TABLE;
    assert_int_equal(muster_custody_take_tables(custody, 0x800000, 4),
                     MUSTER_ERROR_PAGE_TABLE_LOOP);
    *bad = MEMORY_BYTES | TABLE;
    assert_int_equal(muster_custody_take_tables(custody, 0x800000, 4),
                     MUSTER_ERROR_PAGE_TABLE_ADDRESS);
    *bad = PTE_LARGE | 0x803000 | TABLE;
    assert_int_equal(muster_custody_take_tables(custody, 0x800000, 4),
                     MUSTER_ERROR_PAGE_TABLE_ENTRY);
    assert_int_equal(owner_of(machine, 0x802000), MUSTER_OWNER_FIRMWARE_TABLES);
    assert_int_equal(owner_of(machine, 0x900000), MUSTER_OWNER_NONE);
    assert_int_equal(custody->taken_bytes, 0x3000);
    muster_memory_reserve(&machine->map, 0x900000, 0x1000, MUSTER_OWNER_HOST);
    *bad = 0;
    assert_int_equal(muster_custody_take_tables(custody, 0x800000, 4), MUSTER_ERROR_RANGE_OWNED);
    assert_int_equal(muster_custody_take_tables(custody, 0x800000, 3), MUSTER_ERROR_PAGING_LEVELS);
}

static void nothing_comes_back_while_an_ap_is_in_firmware(void **state)
{
    struct machine *machine = *state;
    struct muster_custody *custody = &machine->custody;

    muster_custody_take(custody, 0x4000, 0x1000, MUSTER_OWNER_FIRMWARE_LOOP);
    assert_int_equal(muster_custody_release(custody, true), MUSTER_ERROR_CUSTODY_IN_USE);
    assert_int_equal(owner_of(machine, 0x4000), MUSTER_OWNER_FIRMWARE_LOOP);
    assert_true(all_bytes_are(machine, 0x4000, 0x5000, DIRT));
    assert_false(custody->released);
    assert_int_equal(muster_custody_release(custody, false), MUSTER_OK);
    assert_int_equal(custody->returned_bytes, 0x1000);
}

static void nothing_comes_back_under_policy_keep(void **state)
{
    struct machine *machine = *state;
    struct muster_custody *custody = &machine->custody;

    custody->policy = MUSTER_CUSTODY_KEEP;
    muster_custody_take(custody, 0x4000, 0x1000, MUSTER_OWNER_FIRMWARE_LOOP);
    assert_int_equal(muster_custody_release(custody, false), MUSTER_DENIED);
    assert_int_equal(owner_of(machine, 0x4000), MUSTER_OWNER_FIRMWARE_LOOP);
    assert_true(all_bytes_are(machine, 0x4000, 0x5000, DIRT));
    assert_int_equal(custody->returned_bytes, 0);
}

static void second_release_gives_nothing_and_a_later_take_is_refused(void **state)
{
    struct machine *machine = *state;
    struct muster_custody *custody = &machine->custody;

    muster_custody_take(custody, 0x4000, 0x1000, MUSTER_OWNER_FIRMWARE_LOOP);
    assert_int_equal(muster_custody_release(custody, false), MUSTER_OK);
    machine->memory->bytes[0x4000] = DIRT; /* the new owner's data */
    assert_int_equal(muster_custody_release(custody, false), MUSTER_OK);
    assert_int_equal(custody->returned_bytes, 0x1000);
    assert_int_equal(machine->memory->bytes[0x4000], DIRT);
    assert_int_equal(muster_custody_take(custody, 0x4000, 1, MUSTER_OWNER_FIRMWARE_LOOP),
                     MUSTER_ERROR_FIRMWARE_RECLAIMED);
    assert_int_equal(muster_custody_take_known(custody), MUSTER_ERROR_FIRMWARE_RECLAIMED);
}

static void hole_that_custody_took_never_comes_back(void **state)
{
    struct machine *machine = *state;
    struct muster_custody *custody = &machine->custody;

    muster_memory_init(&machine->map, machine->storage, 128);
    muster_memory_add(&machine->map, 0x4000, 0x1000, MUSTER_MEMORY_USABLE);
    muster_memory_add(&machine->map, 0x6000, 0x1000, MUSTER_MEMORY_ACPI);
    assert_int_equal(muster_custody_take(custody, 0x3000, 0x4000, MUSTER_OWNER_FIRMWARE_LOOP),
                     MUSTER_OK);
    assert_int_equal(custody->taken_bytes, 0x4000);
    assert_int_equal(custody->taken_usable_bytes, 0x1000);
    assert_int_equal(muster_custody_release(custody, false), MUSTER_OK);
    assert_int_equal(custody->returned_bytes, 0x1000);
    assert_int_equal(owner_of(machine, 0x3000), MUSTER_OWNER_FIRMWARE_LOOP);
    assert_int_equal(owner_of(machine, 0x5000), MUSTER_OWNER_FIRMWARE_LOOP);
    assert_int_equal(owner_of(machine, 0x6000), MUSTER_OWNER_FIRMWARE_LOOP);
    assert_true(all_bytes_are(machine, 0x5000, 0x8000, DIRT));
}

static void what_cannot_be_scrubbed_is_not_handed_over(void **state)
{
    struct machine *machine = *state;
    struct muster_custody *custody = &machine->custody;

    muster_custody_take(custody, 0x4000, 0x1000, MUSTER_OWNER_FIRMWARE_LOOP);
    muster_custody_take(custody, 0x8000, 0x20000, MUSTER_OWNER_FIRMWARE_TABLES);
    machine->memory->denied_start = 0x20000;
    machine->memory->denied_end = 0x21000;
    assert_int_equal(muster_custody_release(custody, false), MUSTER_ERROR_RANGE_INVALID);
    assert_int_equal(custody->returned_bytes, 0x1000);
    assert_int_equal(owner_of(machine, 0x8000), MUSTER_OWNER_FIRMWARE_TABLES);
    assert_false(custody->released);
    machine->memory->denied_end = machine->memory->denied_start;
    assert_int_equal(muster_custody_release(custody, false), MUSTER_OK);
    assert_int_equal(custody->returned_bytes, 0x21000);
}

static void scrubbing_maps_bounded_pieces(void **state)
{
    struct machine *machine = *state;

    muster_custody_take(&machine->custody, 0x100000, 0x801000, MUSTER_OWNER_FIRMWARE_LOOP);
    assert_int_equal(muster_custody_release(&machine->custody, false), MUSTER_OK);
    assert_int_equal(machine->custody.returned_bytes, 0x801000);
    assert_true(machine->memory->longest <= 0x10000);
    assert_true(all_bytes_are(machine, 0x100000, 0x901000, 0));
    assert_true(all_bytes_are(machine, 0x901000, 0x902000, DIRT));
}

/* Random declarations, owners and takes; after the release each page is judged by itself. */
static void random_machine(uint64_t *seed)
{
    enum { PAGES = 128 };
    struct machine *machine = new_machine(PAGES * PAGE_BYTES);
    bool usable[PAGES], taken[PAGES];
    uint64_t usable_taken = 0;

    for (int i = 0; i < 20; i++)
        muster_memory_add(&machine->map, fake_random(seed, PAGES - 20) * (uint64_t)PAGE_BYTES,
                          fake_random(seed, 20) * (uint64_t)PAGE_BYTES,
                          fake_random(seed, 3) ? MUSTER_MEMORY_USABLE : fake_random(seed, 5));
    muster_memory_reserve(&machine->map, fake_random(seed, PAGES) * (uint64_t)PAGE_BYTES,
                          3 * PAGE_BYTES, MUSTER_OWNER_IMAGE);
    for (uint64_t i = 0; i < PAGES; i++) {
        const struct muster_memory_range *range = muster_memory_find(&machine->map, i << 12);

        usable[i] = range && range->type == MUSTER_MEMORY_USABLE;
    }
    for (int i = 0; i < 12; i++)
        muster_custody_take(&machine->custody, fake_random(seed, (PAGES - 12) << 12),
                            fake_random(seed, 12 << 12),
                            MUSTER_OWNER_FIRMWARE_MAILBOX + fake_random(seed, 3));
    for (uint64_t i = 0; i < PAGES; i++) {
        uint32_t owner = owner_of(machine, i << 12);

        taken[i] = owner >= MUSTER_OWNER_FIRMWARE_MAILBOX && owner <= MUSTER_OWNER_FIRMWARE_TABLES;
        usable_taken += taken[i] && usable[i] ? PAGE_BYTES : 0;
    }
    assert_int_equal(machine->custody.taken_usable_bytes, usable_taken);
    assert_int_equal(muster_custody_release(&machine->custody, false), MUSTER_OK);
    assert_int_equal(machine->custody.returned_bytes, usable_taken);
    for (uint64_t i = 0; i < PAGES; i++) {
        bool returned = taken[i] && usable[i];

        assert_true(all_bytes_are(machine, i << 12, (i + 1) << 12, returned ? 0 : DIRT));
        if (returned)
            assert_int_equal(owner_of(machine, i << 12), MUSTER_OWNER_NONE);
        else if (taken[i])
            assert_int_not_equal(owner_of(machine, i << 12), MUSTER_OWNER_NONE);
    }
    fake_memory_free(machine->memory);
    free(machine);
}

static void released_pages_are_exactly_those_declared_usable(void **state)
{
    uint64_t seed = 0x637573746f6479;

    (void)state;
    for (int round = 0; round < 100; round++)
        random_machine(&seed);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(policy_keeps_where_there_is_a_reset_vector),
        TEST(taken_range_is_widened_to_whole_pages),
        TEST(what_custody_holds_may_be_taken_again),
        TEST(what_another_owns_is_refused_and_nothing_taken),
        TEST(senseless_takes_are_refused),
        TEST(older_tdvf_range_is_taken_where_plain_and_unowned),
        TEST(older_tdvf_range_ends_at_its_last_byte),
        TEST(older_tdvf_range_in_a_hole_is_left_alone),
        TEST(map_without_room_ends_a_take_in_the_middle),
        TEST(every_page_of_the_tables_is_taken_and_no_mapped_one),
        TEST(only_the_usable_tables_come_back_and_scrubbed),
        TEST(tables_taken_before_a_bad_one_stay_taken),
        TEST(nothing_comes_back_while_an_ap_is_in_firmware),
        TEST(nothing_comes_back_under_policy_keep),
        TEST(second_release_gives_nothing_and_a_later_take_is_refused),
        TEST(hole_that_custody_took_never_comes_back),
        TEST(what_cannot_be_scrubbed_is_not_handed_over),
        TEST(scrubbing_maps_bounded_pieces),
        TEST(released_pages_are_exactly_those_declared_usable),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
