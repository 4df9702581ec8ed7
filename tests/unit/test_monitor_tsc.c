/* The guest's time-stamp counter as the monitor keeps it, on the host's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/x86.h"
#include "lib/cpu/instructions.h"
#include "monitor/tsc.h"

#define MOVE (1ull << 40) /* far more than a test lasts */

static struct svm_vmcb vmcb;
static struct vcpu vcpu;

static int start(void **state)
{
    (void)state;
    vmcb = (struct svm_vmcb){0};
    vcpu = (struct vcpu){.index = 3, .vmcb = &vmcb};
    tsc_start(&vcpu, 0);
    return 0;
}

/* What RDTSC gives the guest. */
static uint64_t guest_tsc(void)
{
    return read_tsc() + vmcb.tsc_offset;
}

static void assert_about(uint64_t value, uint64_t wanted)
{
    assert_in_range(value - wanted, 0, MOVE / 2);
}

static void each_counter_starts_ahead_of_the_one_before(void **state)
{
    (void)state;
    tsc_start(&vcpu, 1000);
    assert_int_equal(vmcb.tsc_offset, 3000);
    tsc_start(&vcpu, -1000);
    assert_int_equal(vmcb.tsc_offset, (uint64_t)-3000);
    vcpu.index = 0;
    tsc_start(&vcpu, 1000);
    assert_int_equal(vmcb.tsc_offset, 0);
}

static void a_skew_is_not_in_tsc_adjust_and_is_taken_off_by_it(void **state)
{
    uint64_t value = 1;
    (void)state;
    tsc_start(&vcpu, 1000);
    assert_true(tsc_msr_adjust(&vcpu, MSR_TSC_ADJUST, false, &value));
    assert_int_equal(value, 0);
    value = (uint64_t)-3000;
    assert_true(tsc_msr_adjust(&vcpu, MSR_TSC_ADJUST, true, &value));
    assert_int_equal(vmcb.tsc_offset, 0);
    assert_true(tsc_msr_adjust(&vcpu, MSR_TSC_ADJUST, false, &value));
    assert_int_equal(value, (uint64_t)-3000);
}

static void a_second_write_of_tsc_adjust_moves_by_the_difference(void **state)
{
    uint64_t value = 5 * MOVE;
    (void)state;
    assert_true(tsc_msr_adjust(&vcpu, MSR_TSC_ADJUST, true, &value));
    value = 2 * MOVE;
    assert_true(tsc_msr_adjust(&vcpu, MSR_TSC_ADJUST, true, &value));
    assert_int_equal(vmcb.tsc_offset, 2 * MOVE);
}

static void a_write_of_the_counter_is_in_tsc_adjust(void **state)
{
    uint64_t before = read_tsc();
    uint64_t value = before + 3 * MOVE;
    (void)state;
    assert_true(tsc_msr_counter(&vcpu, MSR_TSC, true, &value));
    assert_about(guest_tsc(), before + 3 * MOVE);
    assert_int_equal(vcpu.tsc_adjust, vmcb.tsc_offset);
    assert_true(tsc_msr_counter(&vcpu, MSR_TSC, false, &value));
    assert_about(value, before + 3 * MOVE);
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_counter_starts_ahead_of_the_one_before),
        TEST(a_skew_is_not_in_tsc_adjust_and_is_taken_off_by_it),
        TEST(a_second_write_of_tsc_adjust_moves_by_the_difference),
        TEST(a_write_of_the_counter_is_in_tsc_adjust),
    };

    return cmocka_run_group_tests_name("monitor_tsc", tests, NULL, NULL);
}
