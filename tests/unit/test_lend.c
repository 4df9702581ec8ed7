#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_machine.h"

#define COUNT 6
#define PAGE  0x77770000u

static int set_up(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(COUNT);

    fake_region_add(fake, PAGE, 2 * PAGE_BYTES);
    assert_int_equal(muster_lend_prepare(&fake->machine, PAGE), MUSTER_OK);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    *state = fake;
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

/* The CPU calls muster_lend() and is gone. */
static void lend(struct fake_machine *fake, uint32_t index)
{
    struct fake_cpu *bsp = fake->current;

    fake->current = &fake->cpus[index];
    if (setjmp(fake_gone) == 0)
        muster_lend(&fake->slots[index], 0x5000);
    fake->current = bsp;
    fake->cpus[index].place = FAKE_UNDER_WAY;
}

static void lending_page_is_checked(void **state)
{
    struct fake_machine *fake = *state;

    fake_region_add(fake, 0, PAGE_BYTES);
    assert_int_equal(muster_lend_prepare(&fake->machine, 0), MUSTER_ERROR_ENTRY_PAGE);
    assert_int_equal(muster_lend_prepare(&fake->machine, PAGE + 8), MUSTER_ERROR_ENTRY_PAGE);
    assert_int_equal(muster_lend_prepare(&fake->machine, PAGE + 2 * PAGE_BYTES),
                     MUSTER_ERROR_ENTRY_PAGE);
    fake_region_add(fake, 0x100000000, PAGE_BYTES);
    assert_int_equal(muster_lend_prepare(&fake->machine, 0x100000000), MUSTER_ERROR_ENTRY_PAGE);
    fake_region_add(fake, 0xFFFFF000, PAGE_BYTES);
    assert_int_equal(muster_lend_prepare(&fake->machine, 0xFFFFF000), MUSTER_OK);
}

static void lent_page_tells_cpus_apart_by_their_apic_id(void **state)
{
    struct fake_machine *fake = *state;
    const struct entry_parameters *entry =
        (const void *)((uint8_t *)fake_map(fake, PAGE, PAGE_BYTES) + ENTRY_PARAMETERS);

    assert_int_equal(entry->arrive, (uint64_t)arrive_by_apic_id);
    assert_int_equal(entry->slots, (uint64_t)fake->slots);
    assert_int_equal(entry->index, (uint64_t)fake->machine.index);
    assert_int_equal(entry->far64_offset,
                     PAGE + (uint64_t)(mailbox_entry_64 - mailbox_entry_start));
    assert_memory_equal(fake_map(fake, PAGE, PAGE_BYTES), mailbox_entry_start, ENTRY_STUB_BYTES);
}

static void lent_cpu_leaves_with_its_return_prepared(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_slot *slot = &fake->slots[0];

    lend(fake, 0);
    assert_int_equal(fake_gone_to, 0x5000);
    assert_cpu(fake, 0, MUSTER_CPU_ON_PENDING, MUSTER_OK);
    assert_int_equal(slot->claimed.value, 0);
    assert_int_equal(slot->arrived.value, 0);
    assert_int_equal(slot->command.value, PARK_START);
}

static void lent_cpus_come_back_to_their_own_slots_in_any_order(void **state)
{
    static const uint32_t order[] = {5, 0, 4, 1, 2};
    struct fake_machine *fake = *state;

    for (unsigned i = 0; i < 5; i++) {
        fake->cpus[i < 3 ? i : i + 1].slot = NULL;
        lend(fake, i < 3 ? i : i + 1);
    }
    for (unsigned i = 0; i < 5; i++) {
        struct fake_cpu *cpu = &fake->cpus[order[i]];

        fake_at(fake, 10, fake_enter, cpu, PAGE);
        fake_pass(fake, FAKE_MS);
        assert_ptr_equal(cpu->slot, &fake->slots[order[i]]);
        assert_int_equal(cpu->place, FAKE_ENTERED);
        assert_cpu(fake, order[i], MUSTER_CPU_ON, MUSTER_OK);
    }
    assert_int_equal(fake->machine.strays.value, 0);
}

static void uncounted_cpu_at_the_lent_page_is_a_stray(void **state)
{
    struct fake_machine *fake = *state;
    struct fake_cpu *spare = fake_spare(fake);

    spare->place = FAKE_UNDER_WAY;
    fake_at(fake, 10, fake_enter, spare, PAGE);
    fake_pass(fake, FAKE_MS);
    assert_int_equal(spare->place, FAKE_STRAY);
    assert_int_equal(fake->machine.strays.value, 1);
}

static void cpu_that_is_not_lent_is_a_stray_at_the_lent_page(void **state)
{
    struct fake_machine *fake = *state;

    fake_at(fake, 10, fake_enter, &fake->cpus[0], PAGE);
    fake_pass(fake, FAKE_MS);
    assert_int_equal(fake->machine.strays.value, 1);
    assert_cpu(fake, 0, MUSTER_CPU_ON, MUSTER_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lending_page_is_checked),
        TEST(lent_page_tells_cpus_apart_by_their_apic_id),
        TEST(lent_cpu_leaves_with_its_return_prepared),
        TEST(lent_cpus_come_back_to_their_own_slots_in_any_order),
        TEST(uncounted_cpu_at_the_lent_page_is_a_stray),
        TEST(cpu_that_is_not_lent_is_a_stray_at_the_lent_page),
    };

    return cmocka_run_group_tests_name("lend", tests, NULL, NULL);
}
