#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <muster/machine.h>

#include "lib/machine.h"

#define CAPACITY 8u
#define PLACES   16u

struct storage {
    struct muster_platform platform;
    struct muster_machine machine;
    struct muster_cpu cpus[CAPACITY];
    struct muster_index_entry index[PLACES];
};

static enum muster_status init(struct storage *storage, uint32_t cpus, uint32_t places)
{
    return muster_machine_init(&storage->machine, &storage->platform, storage->cpus, cpus,
                               storage->index, places);
}

static bool add(struct storage *storage, uint32_t apic_id)
{
    return machine_add(&storage->machine, &(struct muster_cpu){.apic_id = apic_id});
}

static uint32_t home_of(uint32_t apic_id)
{
    return (apic_id * MUSTER_INDEX_MULTIPLIER) >> 28; /* 16 places */
}

static void index_smaller_than_twice_the_cpus_is_refused(void **state)
{
    struct storage storage;

    (void)state;
    assert_int_equal(init(&storage, CAPACITY, PLACES), MUSTER_OK);
    assert_int_equal(init(&storage, CAPACITY, PLACES / 2), MUSTER_INVALID_ARGUMENT);
    assert_int_equal(init(&storage, CAPACITY - 1, PLACES - 2), MUSTER_INVALID_ARGUMENT);
    assert_int_equal(init(&storage, 0, PLACES), MUSTER_INVALID_ARGUMENT);
    assert_int_equal(init(&storage, 0x80000008u, PLACES), MUSTER_INVALID_ARGUMENT);
    assert_int_equal(init(&storage, 1, 0), MUSTER_INVALID_ARGUMENT);
    assert_int_equal(init(&storage, 1, 1), MUSTER_INVALID_ARGUMENT);
    assert_int_equal(init(&storage, 1, 2), MUSTER_OK);
}

static void storage_that_is_missing_is_refused(void **state)
{
    struct storage s = {0};

    (void)state;
    assert_int_equal(muster_machine_init(NULL, &s.platform, s.cpus, 1, s.index, 2),
                     MUSTER_INVALID_ARGUMENT);
    assert_int_equal(muster_machine_init(&s.machine, NULL, s.cpus, 1, s.index, 2),
                     MUSTER_INVALID_ARGUMENT);
    assert_int_equal(muster_machine_init(&s.machine, &s.platform, NULL, 1, s.index, 2),
                     MUSTER_INVALID_ARGUMENT);
    assert_int_equal(muster_machine_init(&s.machine, &s.platform, s.cpus, 1, NULL, 2),
                     MUSTER_INVALID_ARGUMENT);
}

static void new_machine_is_empty_whatever_its_storage_held(void **state)
{
    struct storage storage;

    (void)state;
    for (uint32_t i = 0; i < PLACES; i++) {
        storage.index[i] = (struct muster_index_entry){.apic_id = i, .number = 3};
    }
    assert_int_equal(init(&storage, CAPACITY, PLACES), MUSTER_OK);
    for (uint32_t i = 0; i < PLACES; i++) {
        assert_int_equal(muster_machine_find(&storage.machine, i), -1);
    }
    assert_int_equal(storage.machine.cpu_count, 0);
}

static void each_cpu_is_found_by_its_apic_id_and_no_other(void **state)
{
    const uint32_t ids[CAPACITY] = {7, 0, 0xFFFFFFFE, 255, 256, 0x80000000, 4, 0x10007};
    struct storage storage;

    (void)state;
    assert_int_equal(init(&storage, CAPACITY, PLACES), MUSTER_OK);
    for (uint32_t i = 0; i < CAPACITY; i++) {
        assert_true(add(&storage, ids[i]));
    }
    for (uint32_t i = 0; i < CAPACITY; i++) {
        assert_int_equal(muster_machine_find(&storage.machine, ids[i]), i);
        assert_int_equal(storage.machine.cpus[i].apic_id, ids[i]);
    }
    assert_int_equal(muster_machine_find(&storage.machine, 1), -1);
    assert_int_equal(muster_machine_find(&storage.machine, 0xFFFFFFFF), -1);
}

static void full_machine_takes_no_more(void **state)
{
    struct storage storage;

    (void)state;
    assert_int_equal(init(&storage, CAPACITY, PLACES), MUSTER_OK);
    for (uint32_t i = 0; i < CAPACITY; i++) {
        assert_true(add(&storage, i));
    }
    assert_false(add(&storage, CAPACITY));
    assert_int_equal(storage.machine.cpu_count, CAPACITY);
    assert_int_equal(muster_machine_find(&storage.machine, CAPACITY), -1);
}

/* Assembly makes the same lookup: home and order of places are part of the layout. */
static void ids_of_one_home_lie_one_after_another_and_wrap_around(void **state)
{
    struct storage storage;
    uint32_t found = 0;

    (void)state;
    assert_int_equal(init(&storage, CAPACITY, PLACES), MUSTER_OK);
    for (uint32_t id = 0; found < 4; id++) {
        if (home_of(id) == PLACES - 2) {
            assert_true(add(&storage, id));
            assert_int_equal(storage.index[(PLACES - 2 + found) % PLACES].apic_id, id);
            assert_int_equal(storage.index[(PLACES - 2 + found) % PLACES].number, found + 1);
            assert_int_equal(muster_machine_find(&storage.machine, id), found);
            found++;
        }
    }
}

static void emptied_machine_finds_nobody(void **state)
{
    struct storage storage;

    (void)state;
    assert_int_equal(init(&storage, CAPACITY, PLACES), MUSTER_OK);
    assert_true(add(&storage, 3));
    machine_empty(&storage.machine);
    assert_int_equal(muster_machine_find(&storage.machine, 3), -1);
    assert_int_equal(storage.machine.cpu_count, 0);
    assert_int_equal(storage.machine.bsp, MUSTER_BSP_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(index_smaller_than_twice_the_cpus_is_refused),
        cmocka_unit_test(storage_that_is_missing_is_refused),
        cmocka_unit_test(new_machine_is_empty_whatever_its_storage_held),
        cmocka_unit_test(each_cpu_is_found_by_its_apic_id_and_no_other),
        cmocka_unit_test(full_machine_takes_no_more),
        cmocka_unit_test(ids_of_one_home_lie_one_after_another_and_wrap_around),
        cmocka_unit_test(emptied_machine_finds_nobody),
    };

    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
