#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_machine.h"

#define COUNT 4

static int set_up(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, COUNT);

    assert_int_equal(muster_plan_make(&fake->machine, MUSTER_WAY_SIPI, &fake->plan), MUSTER_OK);
    fake->config.entry_phys = FAKE_SIPI_ENTRY;
    fake->config.entry_bytes = PAGE_BYTES;
    fake_region_add(fake, FAKE_SIPI_ENTRY, PAGE_BYTES);
    *state = fake;
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static enum muster_status prepare(struct fake_machine *fake)
{
    return muster_prepare(&fake->machine, &fake->plan, &fake->config, fake->slots, fake->idt,
                          FAKE_PERCPU);
}

static void bsp_is_on_and_everybody_else_absent(void **state)
{
    struct fake_machine *fake = *state;
    uint32_t bsp = fake->machine.bsp;

    assert_int_equal(prepare(fake), MUSTER_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_cpu(fake, i, i == bsp ? MUSTER_CPU_ON : MUSTER_CPU_ABSENT, MUSTER_OK);
        assert_int_equal(fake->slots[i].claimed.value, i == bsp);
        assert_int_equal(fake->slots[i].arrived.value, i == bsp);
        assert_int_equal(fake->slots[i].apic_id, fake->machine.cpus[i].apic_id);
    }
    assert_int_equal(fake->slots[bsp].gs_base, (uint64_t)FAKE_PERCPU);
    assert_int_equal(fake->slots[bsp].stamps_ns[MUSTER_STAMP_OWN_TABLES], FAKE_S);
    assert_int_equal(fake->slots[bsp].stamps_ns[MUSTER_STAMP_ON], FAKE_S);
    assert_int_equal(fake->loads, 1);
}

static void tables_that_all_share_are_filled(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(prepare(fake), MUSTER_OK);
    assert_ptr_equal(fake->machine.idt, fake->idt);
    assert_ptr_equal(fake->machine.slots, fake->slots);
    for (unsigned i = 0; i < 256; i++)
        assert_int_equal(fake->idt->gates[i][5], 0x8E);
    assert_int_equal(fake->machine.config.park_cr3, FAKE_PARK_CR3);
}

/* What was asked for and what the processor made of it may differ. */
static void profile_is_what_the_bsp_has_after_loading(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(prepare(fake), MUSTER_OK);
    assert_int_equal(fake->machine.profile.cr4, FAKE_CR4_LOADED);
}

static void bsp_that_cannot_load_its_state_stops_preparation(void **state)
{
    struct fake_machine *fake = *state;

    fake->bsp_load_status = MUSTER_ERROR_FEATURES_DIFFER;
    assert_int_equal(prepare(fake), MUSTER_ERROR_FEATURES_DIFFER);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), 0);
}

static void machine_without_a_known_bsp_is_refused(void **state)
{
    struct fake_machine *fake = *state;

    fake->machine.bsp = MUSTER_BSP_UNKNOWN;
    assert_int_equal(prepare(fake), MUSTER_INVALID_ARGUMENT);
    fake->machine.bsp = COUNT;
    assert_int_equal(prepare(fake), MUSTER_INVALID_ARGUMENT);
    assert_int_equal(fake->loads, 0);
}

static void trap_handler_is_needed(void **state)
{
    struct fake_machine *fake = *state;

    fake->config.trap = NULL;
    assert_int_equal(prepare(fake), MUSTER_INVALID_ARGUMENT);
}

static void wake_vector_is_neither_an_exception_nor_the_spurious_one(void **state)
{
    struct fake_machine *fake = *state;

    for (unsigned vector = 0; vector < 256; vector++) {
        fake->config.wake_vector = (uint8_t)vector;
        assert_int_equal(prepare(fake),
                         vector >= 0x20 && vector <= 0xFE ? MUSTER_OK : MUSTER_INVALID_ARGUMENT);
    }
}

static void page_tables_have_4_or_5_levels(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpuid_7[2] = CPUID_7_ECX_LA57;
    for (unsigned levels = 0; levels < 8; levels++) {
        fake->config.paging_levels = levels;
        assert_int_equal(prepare(fake),
                         levels == 4 || levels == 5 ? MUSTER_OK : MUSTER_ERROR_PAGING_LEVELS);
    }
}

static void five_levels_need_a_processor_that_has_them(void **state)
{
    struct fake_machine *fake = *state;

    fake->config.paging_levels = 5;
    assert_int_equal(prepare(fake), MUSTER_ERROR_PAGING_LEVELS);
    fake->cpuid_7[2] = CPUID_7_ECX_LA57;
    assert_int_equal(prepare(fake), MUSTER_OK);
}

static void park_table_is_a_page_below_4_gib(void **state)
{
    static const struct {
        uint64_t cr3;
        enum muster_status status;
    } cases[] = {
        {0x1000, MUSTER_OK},
        {0xFFFFF000, MUSTER_OK},
        {0, MUSTER_ERROR_PARK_TABLE_ADDRESS},
        {0x1008, MUSTER_ERROR_PARK_TABLE_ADDRESS},
        {0x100000000, MUSTER_ERROR_PARK_TABLE_ADDRESS},
    };
    struct fake_machine *fake = *state;

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake->config.park_cr3 = cases[i].cr3;
        assert_int_equal(prepare(fake), cases[i].status);
    }
}

static void one_processor_needs_no_entry_memory(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, 1);

    (void)state;
    fake_prepare(fake, MUSTER_WAY_AUTO);
    assert_cpu(fake, 0, MUSTER_CPU_ON, MUSTER_OK);
    assert_int_equal(fake->region_count, 0);
    fake_machine_free(fake);
}

/* How CPUs sleep. */

static enum muster_status prepare_to_park(struct fake_machine *fake, bool confidential,
                                          enum muster_park_method method, uint32_t hint)
{
    fake->machine.confidential = confidential;
    fake->config.park_method = method;
    fake->config.mwait_hint = hint;
    return prepare(fake);
}

static void cpus_park_by_what_the_platform_has_unless_told_otherwise(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(prepare_to_park(fake, false, MUSTER_PARK_AUTO, 0), MUSTER_OK);
    assert_int_equal(fake->machine.config.park_method, MUSTER_PARK_HLT);
    assert_int_equal(fake->slots[fake->machine.bsp].park_method, MUSTER_PARK_HLT);
    assert_int_equal(prepare_to_park(fake, true, MUSTER_PARK_AUTO, 0), MUSTER_OK);
    assert_int_equal(fake->machine.config.park_method, MUSTER_PARK_TDCALL);
}

static void park_method_of_another_platform_is_refused(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpuid_1[2] = CPUID_1_ECX_MONITOR;
    assert_int_equal(prepare_to_park(fake, true, MUSTER_PARK_HLT, 0), MUSTER_NOT_SUPPORTED);
    assert_int_equal(prepare_to_park(fake, true, MUSTER_PARK_MWAIT, 0), MUSTER_NOT_SUPPORTED);
    assert_int_equal(prepare_to_park(fake, false, MUSTER_PARK_TDCALL, 0), MUSTER_NOT_SUPPORTED);
}

static void mwait_is_refused_where_cpuid_does_not_have_it(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(prepare_to_park(fake, false, MUSTER_PARK_MWAIT, 0), MUSTER_NOT_SUPPORTED);
    fake->cpuid_1[2] = CPUID_1_ECX_MONITOR;
    assert_int_equal(prepare_to_park(fake, false, MUSTER_PARK_MWAIT, 0), MUSTER_OK);
}

static void mwait_hint_is_one_that_cpuid_lists(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpuid_1[2] = CPUID_1_ECX_MONITOR;
    fake->cpuid_5[3] = 0x00002021; /* C0: 1, C1: 2, C3: 2 sub-states */
    assert_int_equal(prepare_to_park(fake, false, MUSTER_PARK_MWAIT, 0x01), MUSTER_OK);
    assert_int_equal(prepare_to_park(fake, false, MUSTER_PARK_MWAIT, 0x21), MUSTER_OK);
    assert_int_equal(prepare_to_park(fake, false, MUSTER_PARK_MWAIT, 0xF0), MUSTER_OK);
    assert_int_equal(prepare_to_park(fake, false, MUSTER_PARK_MWAIT, 0x02), MUSTER_NOT_SUPPORTED);
    assert_int_equal(prepare_to_park(fake, false, MUSTER_PARK_MWAIT, 0x10), MUSTER_NOT_SUPPORTED);
    assert_int_equal(prepare_to_park(fake, false, MUSTER_PARK_MWAIT, 0x22), MUSTER_NOT_SUPPORTED);
    assert_int_equal(prepare_to_park(fake, false, MUSTER_PARK_MWAIT, 0x70), MUSTER_NOT_SUPPORTED);
    assert_int_equal(prepare_to_park(fake, false, MUSTER_PARK_MWAIT, 0x100), MUSTER_NOT_SUPPORTED);
    fake->cpuid_0[0] = 4; /* no leaf 5 */
    assert_int_equal(prepare_to_park(fake, false, MUSTER_PARK_MWAIT, 0x21), MUSTER_NOT_SUPPORTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bsp_is_on_and_everybody_else_absent),
        TEST(cpus_park_by_what_the_platform_has_unless_told_otherwise),
        TEST(park_method_of_another_platform_is_refused),
        TEST(mwait_is_refused_where_cpuid_does_not_have_it),
        TEST(mwait_hint_is_one_that_cpuid_lists),
        TEST(tables_that_all_share_are_filled),
        TEST(profile_is_what_the_bsp_has_after_loading),
        TEST(bsp_that_cannot_load_its_state_stops_preparation),
        TEST(machine_without_a_known_bsp_is_refused),
        TEST(trap_handler_is_needed),
        TEST(wake_vector_is_neither_an_exception_nor_the_spurious_one),
        TEST(page_tables_have_4_or_5_levels),
        TEST(five_levels_need_a_processor_that_has_them),
        TEST(park_table_is_a_page_below_4_gib),
        cmocka_unit_test(one_processor_needs_no_entry_memory),
    };

    return cmocka_run_group_tests_name("prepare", tests, NULL, NULL);
}
