/* A boot program's own part as a guest of Hyper-V: what it turns on, and that it gives all back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "boot/hyperv.h"
#include "tests/unit/fake_hypervisor.h"

/* boot/hyperv_call.S: the page that the hypervisor lays its code over. */
uint8_t hyperv_call_code[4096] __attribute__((aligned(4096)));
uint64_t hyperv_call(uint64_t control, uint64_t input_phys, uint64_t output_phys);

uint64_t hyperv_call(uint64_t control, uint64_t input_phys, uint64_t output_phys)
{
    return control + input_phys + output_phys;
}

static struct fake_hypervisor fake;

static int set_up(void **state)
{
    (void)state;
    fake_hypervisor_init(&fake);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake.hypercall = 0;
    hyperv_end(&fake.platform);
    return 0;
}

static uint64_t enabled_page(void)
{
    return (uint64_t)hyperv_call_code | HYPERV_MSR_ENABLE;
}

static void assert_written(unsigned number, uint32_t msr, uint64_t value)
{
    assert_true(number < fake.write_count);
    assert_int_equal(fake.writes[number].msr, msr);
    assert_int_equal(fake.writes[number].value, value);
}

static void partition_says_its_name_and_calls_by_the_page(void **state)
{
    (void)state;
    assert_int_equal(hyperv_begin(&fake.platform), MUSTER_OK);
    assert_true(hyperv_is_begun());
    assert_int_equal(fake.write_count, 2);
    assert_written(0, MSR_HYPERV_GUEST_OS_ID, HYPERV_OS_ID_MUSTER);
    assert_written(1, MSR_HYPERV_HYPERCALL, enabled_page());
    assert_int_equal(fake.platform.hypercall(NULL, 1, 20, 300), 321);
}

static void machine_without_hyperv_has_no_hypercalls(void **state)
{
    (void)state;
    fake.absent = true;
    assert_int_equal(hyperv_begin(&fake.platform), MUSTER_NOT_SUPPORTED);
    assert_int_equal(hyperv_clock_begin(&fake.platform), MUSTER_NOT_SUPPORTED);
    assert_int_equal(hyperv_tsc_hz(&fake.platform), 0);
    assert_false(hyperv_is_begun());
    assert_null(fake.platform.hypercall);
    hyperv_end(&fake.platform);
    assert_int_equal(fake.write_count, 0);
}

static void partition_without_the_registers_has_no_hypercalls(void **state)
{
    (void)state;
    memset(fake.features, 0, sizeof(fake.features));
    assert_int_equal(hyperv_begin(&fake.platform), MUSTER_NOT_SUPPORTED);
    assert_int_equal(hyperv_clock_begin(&fake.platform), MUSTER_NOT_SUPPORTED);
    assert_int_equal(hyperv_tsc_hz(&fake.platform), 0);
    assert_false(hyperv_is_begun());
    assert_int_equal(fake.write_count, 0);
}

static void page_that_the_hypervisor_does_not_enable_is_denied(void **state)
{
    (void)state;
    fake.enables_nothing = true;
    assert_int_equal(hyperv_begin(&fake.platform), MUSTER_DENIED);
    assert_null(fake.platform.hypercall);
}

static void page_that_somebody_else_locked_is_denied_and_left_alone(void **state)
{
    const uint64_t theirs = 0x7000 | HYPERV_MSR_ENABLE | HYPERV_MSR_LOCKED;
    (void)state;
    fake.hypercall = theirs;
    assert_int_equal(hyperv_begin(&fake.platform), MUSTER_DENIED);
    assert_null(fake.platform.hypercall);
    hyperv_end(&fake.platform);
    assert_int_equal(fake.hypercall, theirs);
    assert_int_equal(fake.guest_os_id, 0);
}

static void page_that_was_locked_as_ours_is_used_and_stays(void **state)
{
    (void)state;
    fake.hypercall = enabled_page() | HYPERV_MSR_LOCKED;
    assert_int_equal(hyperv_begin(&fake.platform), MUSTER_OK);
    assert_non_null(fake.platform.hypercall);
    hyperv_end(&fake.platform);
    assert_int_equal(fake.hypercall, enabled_page() | HYPERV_MSR_LOCKED);
}

static void all_that_was_turned_on_is_given_back_and_the_name_last(void **state)
{
    (void)state;
    assert_int_equal(hyperv_begin(&fake.platform), MUSTER_OK);
    assert_int_equal(hyperv_clock_begin(&fake.platform), MUSTER_OK);
    assert_true(fake.reference_tsc & HYPERV_MSR_ENABLE);
    fake.write_count = 0;
    hyperv_end(&fake.platform);
    assert_int_equal(fake.write_count, 3);
    assert_written(0, MSR_HYPERV_REFERENCE_TSC, 0);
    assert_written(1, MSR_HYPERV_HYPERCALL, 0);
    assert_written(2, MSR_HYPERV_GUEST_OS_ID, 0);
    assert_null(fake.platform.hypercall);
    assert_false(hyperv_is_begun());
    hyperv_end(&fake.platform); /* nothing is left to give */
    assert_int_equal(fake.write_count, 3);
}

static void clock_without_a_page_is_its_counter(void **state)
{
    (void)state;
    fake.features[0] &= ~HYPERV_MSRS_REFERENCE_TSC;
    assert_int_equal(hyperv_clock_begin(&fake.platform), MUSTER_OK);
    assert_false(hyperv_clock_is_page());
    assert_int_equal(fake.write_count, 0);
}

static void frequency_is_told_where_both_bits_say_so(void **state)
{
    (void)state;
    assert_int_equal(hyperv_tsc_hz(&fake.platform), 2000000000);
    fake.features[3] = 0;
    assert_int_equal(hyperv_tsc_hz(&fake.platform), 0);
}

static uint64_t never_called(void *context, uint64_t rax, struct muster_tdcall_registers *registers)
{
    (void)context, (void)rax, (void)registers;
    fail_msg("no call is made here");
    return 0;
}

static void td_says_its_name_and_has_no_page(void **state)
{
    (void)state;
    fake.platform.tdcall = never_called;
    assert_int_equal(hyperv_begin(&fake.platform), MUSTER_OK);
    assert_int_equal(fake.guest_os_id, HYPERV_OS_ID_MUSTER);
    assert_null(fake.platform.hypercall);
    hyperv_end(&fake.platform);
    assert_int_equal(fake.write_count, 2);
    assert_written(1, MSR_HYPERV_GUEST_OS_ID, 0);
}

#define with_fake(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fake(partition_says_its_name_and_calls_by_the_page),
        with_fake(machine_without_hyperv_has_no_hypercalls),
        with_fake(partition_without_the_registers_has_no_hypercalls),
        with_fake(page_that_the_hypervisor_does_not_enable_is_denied),
        with_fake(page_that_somebody_else_locked_is_denied_and_left_alone),
        with_fake(page_that_was_locked_as_ours_is_used_and_stays),
        with_fake(all_that_was_turned_on_is_given_back_and_the_name_last),
        with_fake(clock_without_a_page_is_its_counter),
        with_fake(frequency_is_told_where_both_bits_say_so),
        with_fake(td_says_its_name_and_has_no_page),
    };
    return cmocka_run_group_tests_name("boot-hyperv", tests, NULL, NULL);
}
