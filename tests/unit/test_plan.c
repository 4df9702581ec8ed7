#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_machine.h"

#define COUNT 4

static int set_up(void **state)
{
    *state = fake_machine_new(NULL, COUNT);
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static enum muster_status make(struct fake_machine *fake, enum muster_way wanted)
{
    enum muster_status status = muster_plan_make(&fake->machine, wanted, &fake->plan);

    assert_non_null(fake->plan.reason);
    if (status == MUSTER_OK)
        assert_true(strlen(fake->plan.reason) > 5);
    return status;
}

static void mailbox_is_chosen_where_one_is_described(void **state)
{
    struct fake_machine *fake = *state;

    fake_mailbox_add(fake, 0);
    assert_int_equal(make(fake, MUSTER_WAY_AUTO), MUSTER_OK);
    assert_int_equal(fake->plan.way, MUSTER_WAY_MAILBOX);
    assert_non_null(strstr(fake->plan.reason, "Multiprocessor Wakeup"));
    fake->machine.confidential = true;
    assert_int_equal(make(fake, MUSTER_WAY_AUTO), MUSTER_OK);
    assert_int_equal(fake->plan.way, MUSTER_WAY_MAILBOX);
}

static void reason_says_whose_mailbox_it_is(void **state)
{
    struct fake_machine *fake = *state;

    fake_mailbox_add(fake, 0);
    fake->machine.mailbox.source = MUSTER_SOURCE_FDT;
    assert_int_equal(make(fake, MUSTER_WAY_AUTO), MUSTER_OK);
    assert_int_equal(fake->plan.way, MUSTER_WAY_MAILBOX);
    assert_false(fake->plan.reset_vector);
    assert_non_null(strstr(fake->plan.reason, "mailbox of the device tree"));
    assert_int_equal(make(fake, MUSTER_WAY_MAILBOX), MUSTER_OK);
    assert_non_null(strstr(fake->plan.reason, "mailbox of the device tree"));
}

static void sipi_is_chosen_without_a_mailbox(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(make(fake, MUSTER_WAY_AUTO), MUSTER_OK);
    assert_int_equal(fake->plan.way, MUSTER_WAY_SIPI);
    assert_non_null(strstr(fake->plan.reason, "INIT and SIPI"));
    assert_false(fake->plan.reset_vector);
}

static void td_without_mailbox_has_no_way(void **state)
{
    struct fake_machine *fake = *state;

    fake->machine.confidential = true;
    assert_int_equal(make(fake, MUSTER_WAY_AUTO), MUSTER_ERROR_NO_WAY);
}

static void td_in_which_only_the_bsp_is_there_needs_no_way(void **state)
{
    struct fake_machine *fake = *state;

    fake->machine.confidential = true;
    for (uint32_t i = 0; i < COUNT; i++)
        if (i != fake->machine.bsp) {
            fake->machine.cpus[i].enabled = false;
            fake->machine.cpus[i].online_capable = true;
        }
    assert_int_equal(make(fake, MUSTER_WAY_AUTO), MUSTER_OK);
    assert_int_equal(fake->plan.way, MUSTER_WAY_NONE);
}

static void td_refuses_sipi_when_asked_for_it(void **state)
{
    struct fake_machine *fake = *state;

    fake_mailbox_add(fake, 1);
    fake->machine.confidential = true;
    assert_int_equal(make(fake, MUSTER_WAY_SIPI), MUSTER_ERROR_NO_WAY);
    assert_int_equal(make(fake, MUSTER_WAY_MAILBOX), MUSTER_OK);
}

static void mailbox_asked_for_without_one_is_refused(void **state)
{
    assert_int_equal(make(*state, MUSTER_WAY_MAILBOX), MUSTER_ERROR_NO_WAY);
}

static void way_that_is_asked_for_wins(void **state)
{
    struct fake_machine *fake = *state;

    fake_mailbox_add(fake, 1);
    assert_int_equal(make(fake, MUSTER_WAY_SIPI), MUSTER_OK);
    assert_int_equal(fake->plan.way, MUSTER_WAY_SIPI);
    assert_string_equal(fake->plan.reason, "asked for");
    assert_false(fake->plan.reset_vector);
    assert_int_equal(make(fake, MUSTER_WAY_MAILBOX), MUSTER_OK);
    assert_int_equal(fake->plan.way, MUSTER_WAY_MAILBOX);
    assert_true(fake->plan.reset_vector);
}

static void what_is_no_way_is_refused(void **state)
{
    assert_int_equal(make(*state, MUSTER_WAY_NONE), MUSTER_INVALID_ARGUMENT);
    assert_int_equal(make(*state, (enum muster_way)99), MUSTER_INVALID_ARGUMENT);
}

static void one_processor_has_nobody_to_wake(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, 1);

    (void)state;
    assert_int_equal(make(fake, MUSTER_WAY_AUTO), MUSTER_OK);
    assert_int_equal(fake->plan.way, MUSTER_WAY_NONE);
    fake_mailbox_add(fake, 1);
    assert_int_equal(make(fake, MUSTER_WAY_AUTO), MUSTER_OK);
    assert_int_equal(fake->plan.way, MUSTER_WAY_NONE);
    assert_false(fake->plan.reset_vector);
    assert_int_equal(muster_entry_bytes(&fake->machine, &fake->plan), 0);
    fake_machine_free(fake);
}

static void reset_vector_is_planned_only_where_there_is_one(void **state)
{
    struct fake_machine *fake = *state;

    fake_mailbox_add(fake, 1);
    assert_int_equal(make(fake, MUSTER_WAY_AUTO), MUSTER_OK);
    assert_true(fake->plan.reset_vector);
    fake->machine.mailbox.reset_vector_phys = 0; /* version 1, length 16: TDVF before 202311 */
    assert_int_equal(make(fake, MUSTER_WAY_AUTO), MUSTER_OK);
    assert_false(fake->plan.reset_vector);
}

static void plan_follows_the_mode_of_the_bsps_apic(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(make(fake, MUSTER_WAY_AUTO), MUSTER_OK);
    assert_false(fake->plan.x2apic);
    fake->x2apic = true;
    assert_int_equal(make(fake, MUSTER_WAY_AUTO), MUSTER_OK);
    assert_true(fake->plan.x2apic);
}

static void apic_id_beyond_the_xapic_is_refused(void **state)
{
    static const enum muster_way ways[] = {MUSTER_WAY_SIPI, MUSTER_WAY_MAILBOX};
    struct fake_machine *fake = *state;
    struct muster_cpu *cpu = &fake->machine.cpus[COUNT - 1];

    fake_mailbox_add(fake, 1);
    for (unsigned i = 0; i < 2; i++) {
        fake->x2apic = false;
        cpu->enabled = true;
        cpu->apic_id = 254;
        assert_int_equal(make(fake, ways[i]), MUSTER_OK);
        cpu->apic_id = 255;
        assert_int_equal(make(fake, ways[i]), MUSTER_ERROR_APIC_ID_BEYOND_XAPIC);
        cpu->apic_id = 0x10000;
        assert_int_equal(make(fake, ways[i]), MUSTER_ERROR_APIC_ID_BEYOND_XAPIC);
        cpu->enabled = false; /* not there: nobody sends to it */
        assert_int_equal(make(fake, ways[i]), MUSTER_OK);
        cpu->enabled = true;
        fake->x2apic = true;
        assert_int_equal(make(fake, ways[i]), MUSTER_OK);
    }
}

static void entry_is_one_page_for_sipi_and_one_for_192_cpus_by_mailbox(void **state)
{
    static const struct {
        uint32_t cpus;
        uint64_t bytes;
    } cases[] = {{1, 4096}, {64, 4096}, {65, 8192}, {128, 8192}, {129, 12288}};
    struct fake_machine *fake = *state;

    for (unsigned i = 0; i < 5; i++) {
        fake->machine.cpu_count = cases[i].cpus;
        fake->plan.way = MUSTER_WAY_SIPI;
        assert_int_equal(muster_entry_bytes(&fake->machine, &fake->plan), 4096);
        fake->plan.way = MUSTER_WAY_MAILBOX;
        assert_int_equal(muster_entry_bytes(&fake->machine, &fake->plan), cases[i].bytes);
    }
    fake->machine.cpu_count = COUNT;
}

static void ways_have_the_names_that_options_use(void **state)
{
    (void)state;
    assert_string_equal(muster_way_name(MUSTER_WAY_AUTO), "auto");
    assert_string_equal(muster_way_name(MUSTER_WAY_SIPI), "sipi");
    assert_string_equal(muster_way_name(MUSTER_WAY_MAILBOX), "mailbox");
    assert_string_equal(muster_way_name(MUSTER_WAY_NONE), "none");
    assert_string_equal(muster_way_name(MUSTER_WAY_TD_START), "td-start");
    assert_string_equal(muster_way_name(MUSTER_WAY_HYPERV), "hyperv");
    assert_string_equal(muster_way_name((enum muster_way)99), "unknown");
    assert_string_equal(muster_way_name((enum muster_way) - 1), "unknown");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mailbox_is_chosen_where_one_is_described),
        TEST(reason_says_whose_mailbox_it_is),
        TEST(sipi_is_chosen_without_a_mailbox),
        TEST(td_without_mailbox_has_no_way),
        TEST(td_in_which_only_the_bsp_is_there_needs_no_way),
        TEST(td_refuses_sipi_when_asked_for_it),
        TEST(mailbox_asked_for_without_one_is_refused),
        TEST(way_that_is_asked_for_wins),
        TEST(what_is_no_way_is_refused),
        cmocka_unit_test(one_processor_has_nobody_to_wake),
        TEST(reset_vector_is_planned_only_where_there_is_one),
        TEST(plan_follows_the_mode_of_the_bsps_apic),
        TEST(apic_id_beyond_the_xapic_is_refused),
        TEST(entry_is_one_page_for_sipi_and_one_for_192_cpus_by_mailbox),
        cmocka_unit_test(ways_have_the_names_that_options_use),
    };

    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
