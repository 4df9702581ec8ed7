/* The rate of the APIC's timer, on a core that others take away now and then, and naps by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/x86.h"
#include "boot/native.h"
#include "boot/timer.h"

#define TICKS_PER_MS 62500u
#define VECTOR       0xF2u

static struct {
    uint64_t now_ns;
    uint64_t begun_ns; /* when the timer's count was written */
    uint32_t initial;
    unsigned delays;
    uint64_t away_in_delay_ns[4]; /* the core is taken away: behind the wait, by measurement */
    uint64_t away_at_read_ns[4];  /* between reading the timer and the clock */
    unsigned idled;
    int stands; /* the timer does */
} core;

static uint64_t time_ns(void *context)
{
    (void)context;
    return core.now_ns;
}

static uint64_t msr_read(void *context, uint32_t msr)
{
    (void)context;
    return msr == MSR_APIC_BASE ? APIC_BASE_ENABLED : 0;
}

static uint32_t apic_read(void *context, uint32_t offset)
{
    (void)context;
    assert_int_equal(offset, APIC_TIMER_CURRENT);
    uint64_t gone = core.stands ? 0 : (core.now_ns - core.begun_ns) * TICKS_PER_MS / 1000000;
    core.now_ns += core.away_at_read_ns[core.delays - 1];
    return core.initial - (uint32_t)gone;
}

static void apic_write(void *context, uint32_t offset, uint32_t value)
{
    (void)context;
    if (offset != APIC_TIMER_INITIAL)
        return;
    core.initial = value;
    core.begun_ns = core.now_ns;
}

void native_delay_ns(uint64_t ns)
{
    core.now_ns += ns + core.away_in_delay_ns[core.delays++];
}

void native_idle(void)
{
    core.idled++;
}

static const struct muster_platform platform = {
    .time_ns = time_ns, .msr_read = msr_read, .apic_read = apic_read, .apic_write = apic_write};

static int set_up(void **state)
{
    (void)state;
    memset(&core, 0, sizeof(core));
    return 0;
}

/* What a nap of @ms was told to last, in ms. */
static uint32_t nap_ms(uint32_t ms)
{
    timer_nap(&platform, ms);
    return (uint32_t)(((uint64_t)core.initial + TICKS_PER_MS / 2) / TICKS_PER_MS);
}

static void nap_is_as_long_as_asked(void **state)
{
    (void)state;
    timer_calibrate(&platform, VECTOR);
    assert_int_equal(nap_ms(200), 200);
    assert_int_equal(nap_ms(4), 4);
    assert_int_equal(core.idled, 2);
}

static void core_that_is_away_while_it_is_measured_makes_no_nap_longer(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        core.away_in_delay_ns[i] = 20000000u * (i + 1);
    timer_calibrate(&platform, VECTOR);
    assert_int_equal(nap_ms(200), 200);
}

static void one_quiet_measurement_is_enough(void **state)
{
    (void)state;
    core.away_at_read_ns[0] = core.away_at_read_ns[2] = 50000000;
    timer_calibrate(&platform, VECTOR);
    assert_int_equal(nap_ms(200), 200);
}

static void timer_that_stands_still_is_not_slept_by(void **state)
{
    (void)state;
    core.stands = 1;
    timer_calibrate(&platform, VECTOR);
    timer_nap(&platform, 200);
    assert_int_equal(core.idled, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nap_is_as_long_as_asked, set_up),
        cmocka_unit_test_setup(core_that_is_away_while_it_is_measured_makes_no_nap_longer, set_up),
        cmocka_unit_test_setup(one_quiet_measurement_is_enough, set_up),
        cmocka_unit_test_setup(timer_that_stands_still_is_not_slept_by, set_up),
    };
    return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
