/* When our clock and the hypervisor's are said to agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "boot/clock.h"

#define MS 1000000u
#define US 1000u

/* @bracket_ns: between the two readings of ours around the reference. */
static struct clock_look look(uint64_t ns, uint64_t bracket_ns, uint64_t reference_ns)
{
    return (struct clock_look){ns, ns + bracket_ns, reference_ns / 100};
}

static struct clock_check compare(uint64_t elapsed_ns, uint64_t bracket_ns, uint64_t reference_ns)
{
    struct clock_look first = look(5 * MS, bracket_ns, 77 * MS);
    struct clock_look last = look(5 * MS + elapsed_ns, bracket_ns, 77 * MS + reference_ns);
    struct clock_check check = {0};
    clock_compare(&first, &last, &check);
    return check;
}

static void equal_clocks_agree(void **state)
{
    (void)state;
    struct clock_check check = compare(50 * MS, 1 * US, 50 * MS);
    assert_true(check.agrees);
    assert_int_equal(check.elapsed_ns, 50 * MS);
    assert_int_equal(check.reference_ns, 50 * MS);
    assert_int_equal(check.slack_ns, 2 * US + 200);
}

static void one_part_in_a_thousand_is_the_limit(void **state)
{
    (void)state;
    assert_true(compare(50 * MS, 0, 50 * MS + 50 * US).agrees);
    assert_true(compare(50 * MS, 0, 50 * MS - 50 * US).agrees);
    assert_false(compare(50 * MS, 0, 50 * MS + 51 * US).agrees);
    assert_false(compare(50 * MS, 0, 50 * MS - 51 * US).agrees);
}

static void clock_that_is_2_percent_slow_is_found_at_the_widest_slack(void **state)
{
    (void)state;
    assert_true(compare(50 * MS, 124 * US, 50 * MS).agrees);
    assert_false(compare(50 * MS, 124 * US, 49 * MS).agrees);
    assert_false(compare(50 * MS, 124 * US, 51 * MS).agrees);
}

static void readings_too_far_apart_say_nothing_and_so_do_not_agree(void **state)
{
    (void)state;
    assert_false(compare(50 * MS, 125 * US, 50 * MS).agrees);
}

static void reference_that_stands_still_or_goes_back_does_not_agree(void **state)
{
    (void)state;
    struct clock_look first = look(0, 0, 10 * MS), last = look(50 * MS, 0, 9 * MS);
    struct clock_check check = {.agrees = true};
    assert_false(compare(50 * MS, 0, 0).agrees);
    assert_false(compare(0, 0, 0).agrees);
    clock_compare(&first, &last, &check);
    assert_false(check.agrees);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_clocks_agree),
        cmocka_unit_test(one_part_in_a_thousand_is_the_limit),
        cmocka_unit_test(clock_that_is_2_percent_slow_is_found_at_the_widest_slack),
        cmocka_unit_test(readings_too_far_apart_say_nothing_and_so_do_not_agree),
        cmocka_unit_test(reference_that_stands_still_or_goes_back_does_not_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
