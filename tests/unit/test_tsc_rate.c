/* The TSC's rate by the PIT, on a core that others take away now and then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/tsc_rate.h"

#define COUNTER_HZ 1193182u
#define TSC_HZ     2500000000u
#define LOOK_TICKS 2500u /* of the TSC: how long a look takes */
#define MS         (TSC_HZ / 1000)

static struct {
    uint64_t tsc;
    unsigned looks;
    uint64_t before_away, after_away; /* between counter and TSC, at looks that ... */
    unsigned every;                   /* ... are a multiple of this */
    uint64_t away_once;               /* between two looks, once, at ... */
    unsigned once_at;
    int stands; /* the counter does */
} core;

static uint16_t count_now(void)
{
    return core.stands ? 7 : (uint16_t)(0xFFFF - core.tsc * COUNTER_HZ / TSC_HZ);
}

static struct tsc_look look(void)
{
    struct tsc_look one;
    int disturbed = core.every && core.looks % core.every == 0;
    if (core.once_at && core.looks == core.once_at)
        core.tsc += core.away_once;
    core.looks++;
    one.before = core.tsc;
    core.tsc += LOOK_TICKS / 2 + (disturbed ? core.before_away : 0);
    one.count = count_now();
    core.tsc += LOOK_TICKS / 2 + (disturbed ? core.after_away : 0);
    one.after = core.tsc;
    return one;
}

static int set_up(void **state)
{
    (void)state;
    memset(&core, 0, sizeof(core));
    return 0;
}

static void assert_right(void)
{
    uint64_t hz = tsc_rate_measure(look, COUNTER_HZ);
    assert_in_range(hz, TSC_HZ - TSC_HZ / 200, TSC_HZ + TSC_HZ / 200);
}

static void quiet_core_is_measured(void **state)
{
    (void)state;
    assert_right();
    assert_in_range(core.tsc, 20 * (uint64_t)MS, 21 * (uint64_t)MS); /* twice 10 ms */
}

static void core_that_goes_away_in_the_first_look_is_measured(void **state)
{
    (void)state;
    core.every = 1000000; /* look 0 only */
    core.after_away = 40 * (uint64_t)MS;
    assert_right();
}

static void core_that_goes_away_in_every_third_look_is_measured(void **state)
{
    (void)state;
    core.every = 3;
    core.before_away = MS / 3;
    core.after_away = MS / 2;
    assert_right();
}

static void counter_that_came_around_unseen_is_not_believed(void **state)
{
    (void)state;
    core.once_at = 50;
    core.away_once = 60 * (uint64_t)MS; /* it comes around in 54.9 ms */
    assert_right();
}

/* And nobody waits for it: by port 0x40 a look takes microseconds, three million of them many
 * seconds. */
static void counter_that_stands_still_is_none_after_some_looks(void **state)
{
    (void)state;
    core.stands = 1;
    assert_int_equal(tsc_rate_measure(look, COUNTER_HZ), 0);
    assert_in_range(core.looks, 1, 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(quiet_core_is_measured, set_up),
        cmocka_unit_test_setup(core_that_goes_away_in_the_first_look_is_measured, set_up),
        cmocka_unit_test_setup(core_that_goes_away_in_every_third_look_is_measured, set_up),
        cmocka_unit_test_setup(counter_that_came_around_unseen_is_not_believed, set_up),
        cmocka_unit_test_setup(counter_that_stands_still_is_none_after_some_looks, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
