/* One AP looks out for all: who sleeps, who is roused, and that no interrupt gets lost or late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shim/lookout.h"

#define ME    3u
#define OTHER 5u

static void first_to_ask_has_the_duty_and_keeps_it(void **state)
{
    struct muster_word duty = {0};
    (void)state;
    assert_true(lookout_has_duty(&duty, ME));
    assert_true(lookout_has_duty(&duty, ME));
    assert_false(lookout_has_duty(&duty, OTHER));
}

static void duty_is_passed_on_and_nobodys_is_taken(void **state)
{
    struct muster_word duty = {0};
    (void)state;
    assert_true(lookout_has_duty(&duty, ME));
    lookout_pass_on(&duty, OTHER);
    assert_false(lookout_has_duty(&duty, ME));
    assert_true(lookout_has_duty(&duty, OTHER));
    lookout_pass_on(&duty, LOOKOUT_NOBODY);
    assert_true(lookout_has_duty(&duty, ME));
}

static void duty_is_taken_over_from_the_one_that_had_it_and_nobody_else(void **state)
{
    struct muster_word duty = {OTHER + 1};
    (void)state;
    lookout_take_over(&duty, OTHER + 1, ME);
    assert_true(lookout_has_duty(&duty, ME));
    assert_false(lookout_has_duty(&duty, OTHER));
    lookout_take_over(&duty, OTHER + 1, OTHER); /* it has been passed on since: too late */
    assert_true(lookout_has_duty(&duty, ME));
}

static void sleeper_is_roused_once(void **state)
{
    struct muster_word duty = {OTHER + 1}, rest = {LOOKOUT_AWAKE};
    (void)state;
    assert_false(lookout_rouse(&rest)); /* awake: it will look by itself */
    assert_true(lookout_lie_down(&rest, &duty, ME, false));
    assert_true(lookout_rouse(&rest));
    assert_false(lookout_rouse(&rest)); /* one interrupt is enough */
}

/* Else it would come once the CPU is the OS's. */
static void roused_ap_gets_up_only_when_the_interrupt_has_come(void **state)
{
    struct muster_word duty = {OTHER + 1}, rest = {LOOKOUT_AWAKE};
    (void)state;
    assert_true(lookout_lie_down(&rest, &duty, ME, false));
    assert_true(lookout_rouse(&rest));
    assert_false(lookout_get_up(&rest)); /* woken by its timer at that moment */
    assert_false(lookout_get_up(&rest));
    lookout_be_roused(&rest);
    assert_true(lookout_get_up(&rest));
    assert_int_equal(rest.value, LOOKOUT_AWAKE);
}

static void ap_that_its_timer_woke_cannot_be_roused_any_more(void **state)
{
    struct muster_word duty = {OTHER + 1}, rest = {LOOKOUT_AWAKE};
    (void)state;
    assert_true(lookout_lie_down(&rest, &duty, ME, false));
    assert_true(lookout_get_up(&rest));
    assert_false(lookout_rouse(&rest));
}

/* Who passed the duty on saw it awake, and sent nothing. */
static void ap_that_got_the_duty_while_it_lay_down_stays_up(void **state)
{
    struct muster_word duty = {OTHER + 1}, rest = {LOOKOUT_AWAKE};
    (void)state;
    assert_false(lookout_has_duty(&duty, ME));
    lookout_pass_on(&duty, ME);
    assert_false(lookout_rouse(&rest));
    assert_false(lookout_lie_down(&rest, &duty, ME, false));
    assert_true(lookout_get_up(&rest));
    assert_true(lookout_has_duty(&duty, ME));
}

static void lookout_itself_naps_on_duty(void **state)
{
    struct muster_word duty = {ME + 1}, rest = {LOOKOUT_AWAKE};
    (void)state;
    assert_true(lookout_lie_down(&rest, &duty, ME, true));
    assert_true(lookout_get_up(&rest));
}

static void late_or_foreign_interrupt_changes_nothing(void **state)
{
    struct muster_word awake = {LOOKOUT_AWAKE}, asleep = {LOOKOUT_ASLEEP};
    (void)state;
    lookout_be_roused(&awake);
    lookout_be_roused(&asleep);
    assert_int_equal(awake.value, LOOKOUT_AWAKE);
    assert_int_equal(asleep.value, LOOKOUT_ASLEEP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_to_ask_has_the_duty_and_keeps_it),
        cmocka_unit_test(duty_is_passed_on_and_nobodys_is_taken),
        cmocka_unit_test(duty_is_taken_over_from_the_one_that_had_it_and_nobody_else),
        cmocka_unit_test(sleeper_is_roused_once),
        cmocka_unit_test(roused_ap_gets_up_only_when_the_interrupt_has_come),
        cmocka_unit_test(ap_that_its_timer_woke_cannot_be_roused_any_more),
        cmocka_unit_test(ap_that_got_the_duty_while_it_lay_down_stays_up),
        cmocka_unit_test(lookout_itself_naps_on_duty),
        cmocka_unit_test(late_or_foreign_interrupt_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
