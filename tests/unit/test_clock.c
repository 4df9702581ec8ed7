#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include <muster/clock.h>
#include <muster/trace.h>

#include "lib/cpu/instructions.h"
#include "tests/unit/fake_machine.h"

#define COUNT 4
#define SOME  1

static int parked(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        fake->cpus[i].clock_there_ns = 40;
        fake->cpus[i].clock_back_ns = 60;
    }
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    *state = fake;
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static void has_tsc_adjust(struct fake_machine *fake)
{
    fake->cpuid_7[1] |= CPUID_7_EBX_TSC_ADJUST;
}

static enum muster_status measure(struct fake_machine *fake)
{
    return muster_clock_measure(&fake->machine, SOME, FAKE_S);
}

/* The true offset must lie within what was measured. */
static void assert_measured(const struct fake_machine *fake, uint32_t index, int64_t truth)
{
    const struct muster_clock *clock = &fake->slots[index].clock;
    int64_t error = clock->offset - truth;

    assert_true(clock->known);
    assert_true((uint64_t)(error < 0 ? -error : error) <= clock->uncertainty);
}

static void offset_is_found_within_half_the_round_trip(void **state)
{
    static const int64_t skews[] = {0, 1, -1, 5000, -5000, 123456789012, -2000000000};
    struct fake_machine *fake = *state;

    for (unsigned i = 0; i < sizeof(skews) / sizeof(skews[0]); i++) {
        fake->cpus[SOME].tsc_skew = skews[i];
        assert_int_equal(measure(fake), MUSTER_OK);
        assert_measured(fake, SOME, skews[i]);
        assert_int_equal(fake->slots[SOME].clock.uncertainty, 100 * FAKE_TSC_PER_NS / 2);
        assert_int_equal(fake->slots[SOME].clock.correction, 0); /* no TSC_ADJUST */
    }
}

static void the_most_lopsided_way_is_within_the_uncertainty(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].tsc_skew = 777;
    fake->cpus[SOME].clock_there_ns = 0;
    fake->cpus[SOME].clock_back_ns = 1001;
    assert_int_equal(measure(fake), MUSTER_OK);
    assert_measured(fake, SOME, 777);
    fake->cpus[SOME].clock_there_ns = 1001;
    fake->cpus[SOME].clock_back_ns = 0;
    assert_int_equal(measure(fake), MUSTER_OK);
    assert_measured(fake, SOME, 777);
}

static void the_shortest_round_trip_counts(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].tsc_skew = 5;
    fake->cpus[SOME].clock_slow_ns = 50 * FAKE_US;
    assert_int_equal(measure(fake), MUSTER_OK);
    assert_measured(fake, SOME, 5);
    assert_int_equal(fake->slots[SOME].clock.uncertainty, 100 * FAKE_TSC_PER_NS / 2);
}

static void an_offset_beyond_its_uncertainty_is_corrected(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_clock *clock = &fake->slots[SOME].clock;

    has_tsc_adjust(fake);
    fake->cpus[SOME].tsc_skew = -900000;
    fake->cpus[SOME].tsc_adjust = 42; /* what firmware had set is kept */
    assert_int_equal(measure(fake), MUSTER_OK);
    assert_true(clock->correction > 899000 && clock->correction < 901000);
    assert_int_equal(fake->cpus[SOME].tsc_adjust, 42 + clock->correction);
    assert_measured(fake, SOME, -900000 + 42 + clock->correction);
    assert_true((uint64_t)(clock->offset < 0 ? -clock->offset : clock->offset) <=
                clock->uncertainty);
}

/* A busy host: the first measurement may be wrong by far more than the second. */
static void what_a_correction_was_wrong_by_is_taken_off_too(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_clock *clock = &fake->slots[SOME].clock;

    has_tsc_adjust(fake);
    fake->cpus[SOME].tsc_skew = 900000;
    fake->cpus[SOME].clock_late_ns = 20 * FAKE_US;
    assert_int_equal(measure(fake), MUSTER_OK);
    assert_int_equal(clock->corrections, 2);
    assert_int_equal(fake->cpus[SOME].tsc_adjust, clock->correction);
    assert_int_equal(clock->uncertainty, 100 * FAKE_TSC_PER_NS / 2);
    assert_measured(fake, SOME, 900000 + clock->correction);
    assert_true((uint64_t)(clock->offset < 0 ? -clock->offset : clock->offset) <=
                clock->uncertainty);
}

static void a_counter_that_does_not_move_is_corrected_once_and_reported(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_clock *clock = &fake->slots[SOME].clock;

    has_tsc_adjust(fake);
    fake->cpus[SOME].tsc_stuck = true;
    fake->cpus[SOME].tsc_skew = 900000;
    assert_int_equal(measure(fake), MUSTER_OK);
    assert_int_equal(clock->corrections, 1);
    assert_true(clock->correction < -899000);
    assert_measured(fake, SOME, 900000);
}

/* As far again as a correction may have been wrong by, each time. */
static void a_counter_that_never_comes_near_is_given_up_and_reported(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_clock *clock = &fake->slots[SOME].clock;

    has_tsc_adjust(fake);
    fake->cpus[SOME].tsc_skew = 900000;
    fake->cpus[SOME].tsc_jump = 75 * FAKE_TSC_PER_NS;
    assert_int_equal(measure(fake), MUSTER_OK);
    assert_int_equal(clock->corrections, MUSTER_CLOCK_CORRECTIONS);
    assert_true(clock->offset > (int64_t)clock->uncertainty);
    assert_measured(fake, SOME, fake->cpus[SOME].tsc_skew + clock->correction);
}

static void an_offset_within_its_uncertainty_is_left_alone(void **state)
{
    struct fake_machine *fake = *state;

    has_tsc_adjust(fake);
    fake->cpus[SOME].tsc_skew = 20;
    assert_int_equal(measure(fake), MUSTER_OK);
    assert_int_equal(fake->cpus[SOME].tsc_adjust, 0);
    assert_int_equal(fake->slots[SOME].clock.correction, 0);
}

static void in_a_td_an_offset_is_reported_and_not_corrected(void **state)
{
    struct fake_machine *fake = *state;

    has_tsc_adjust(fake);
    fake->machine.confidential = true;
    fake->cpus[SOME].tsc_skew = 900000;
    assert_int_equal(measure(fake), MUSTER_OK);
    assert_measured(fake, SOME, 900000);
    assert_int_equal(fake->cpus[SOME].tsc_adjust, 0);
}

static void a_cpu_without_leaf_7_is_not_asked_for_its_tsc_adjust(void **state)
{
    struct fake_machine *fake = *state;

    has_tsc_adjust(fake);
    fake->cpuid_0[0] = 6;
    fake->cpus[SOME].tsc_skew = 900000;
    assert_int_equal(measure(fake), MUSTER_OK);
    assert_int_equal(fake->cpus[SOME].tsc_adjust, 0);
}

static void a_cpu_that_falls_silent_costs_the_time_out_and_no_more(void **state)
{
    struct fake_machine *fake = *state;
    uint64_t start_ns = fake->now_ns;

    fake->cpus[SOME].clock_dies = true;
    assert_int_equal(measure(fake), MUSTER_TIME_OUT);
    assert_false(fake->slots[SOME].clock.known);
    assert_true(fake->now_ns - start_ns < FAKE_S + FAKE_MS);
    assert_int_equal(fake->slots[SOME].command.value, PARK_STAY);
    assert_int_equal(fake->slots[SOME].clock.answer.value, CLOCK_CLOSED);
}

static void a_deaf_cpu_is_not_measured_later_by_surprise(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].deaf = true;
    assert_int_equal(measure(fake), MUSTER_TIME_OUT);
    fake->cpus[SOME].deaf = false;
    assert_int_equal(park_step(&fake->slots[SOME]), PARK_STEP_SLEEP);
    assert_int_equal(measure(fake), MUSTER_OK); /* and can be asked again */
}

/* It is held up in a measurement that has been given up, and comes to itself in the next. */
static void the_next_measurement_waits_until_the_cpu_is_out_of_the_last(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_slot *slot = &fake->slots[SOME];

    fake->cpus[SOME].clock_dies = true;
    assert_int_equal(measure(fake), MUSTER_TIME_OUT);
    uint32_t interrupts = fake->cpus[SOME].interrupts;
    struct muster_clock last = slot->clock;
    assert_int_equal(measure(fake), MUSTER_TIME_OUT);
    assert_int_equal(fake->cpus[SOME].interrupts, interrupts); /* it was not even asked */
    assert_memory_equal(&slot->clock, &last, sizeof(last));
    fake->cpus[SOME].clock_dies = false;
    clock_end(slot);
    assert_int_equal(measure(fake), MUSTER_OK);
}

static void all_parked_cpus_are_measured_past_one_that_fails(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[0].deaf = true;
    for (uint32_t i = 0; i < COUNT; i++)
        fake->cpus[i].tsc_skew = 1000 * (int64_t)i;
    assert_int_equal(muster_clock_measure_all(&fake->machine, FAKE_S), MUSTER_TIME_OUT);
    assert_false(fake->slots[0].clock.known);
    for (uint32_t i = 1; i < COUNT; i++)
        if (i != fake->machine.bsp)
            assert_measured(fake, i, 1000 * ((int64_t)i - (int64_t)fake->machine.bsp));
    assert_false(fake->slots[fake->machine.bsp].clock.known);
}

static void who_is_not_parked_is_denied_and_stays_as_it_is(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(muster_clock_measure(&fake->machine, fake->machine.bsp, FAKE_S),
                     MUSTER_DENIED);
    assert_int_equal(fake->slots[fake->machine.bsp].command.value, PARK_STAY);
}

static void without_the_hook_nothing_is_measured(void **state)
{
    struct fake_machine *fake = *state;

    fake->platform.tsc = NULL;
    assert_int_equal(measure(fake), MUSTER_NOT_SUPPORTED);
    assert_int_equal(fake->cpus[SOME].interrupts, 0);
}

static void a_measured_cpu_starts_like_any_other(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(muster_clock_measure_all(&fake->machine, FAKE_S), MUSTER_OK);
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_ON, MUSTER_OK);
}

/* The blocking loop, as it is on a real CPU: nobody answers. */
static void the_cpu_itself_gives_up_when_the_bsp_is_gone(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_slot *slot = &fake->slots[SOME];
    uint64_t start_ns = fake->now_ns;

    slot->command.value = PARK_CLOCK;
    slot->clock = (struct muster_clock){.patience_ns = 5 * FAKE_MS};
    fake->current = &fake->cpus[SOME];
    assert_int_equal(park_step(slot), PARK_STEP_CLOCK);
    clock_run(slot);
    fake->current = &fake->cpus[fake->machine.bsp];
    assert_int_equal(fake->now_ns - start_ns, 5 * FAKE_MS);
    assert_false(slot->clock.known);
    assert_int_equal(slot->command.value, PARK_STAY);
}

/* ---- Two real threads with the host's own counter: what a single one cannot show ---- */

static uint64_t real_time_ns(void *context)
{
    struct timespec now;
    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * FAKE_S + (uint64_t)now.tv_nsec;
}

static uint64_t real_tsc(void *context)
{
    (void)context;
    return read_tsc_in_order();
}

static void real_wait(void *context, const struct muster_word *word, uint32_t value,
                      uint64_t deadline_ns)
{
    while (__atomic_load_n(&word->value, __ATOMIC_ACQUIRE) == value &&
           real_time_ns(context) < deadline_ns)
        sched_yield(); /* there may be one processor only */
}

static uint64_t x2apic_msr_read(void *context, uint32_t msr)
{
    (void)context;
    return msr == MSR_APIC_BASE ? APIC_BASE_ENABLED | APIC_BASE_X2APIC : 0;
}

static void ignored_msr_write(void *context, uint32_t msr, uint64_t value)
{
    (void)context, (void)msr, (void)value; /* the thread looks at its command anyway */
}

static unsigned waits;

static uint64_t standing_time_ns(void *context)
{
    (void)context;
    return FAKE_S;
}

static void wait_that_comes_back(void *context, const struct muster_word *word, uint32_t value,
                                 uint64_t deadline_ns)
{
    (void)context, (void)word, (void)value, (void)deadline_ns;
    if (++waits > 3 * MUSTER_STANDSTILL_TURNS)
        fail_msg("the library waits without end");
}

static void *parked_thread(void *argument)
{
    struct muster_slot *slot = argument;
    uint64_t deadline_ns = real_time_ns(NULL) + 20 * FAKE_S;
    real_wait(NULL, &slot->command, PARK_STAY, deadline_ns);
    clock_run(slot);
    return NULL;
}

static void two_threads_on_one_host_agree(void **state)
{
    struct fake_machine *fake = *state;
    pthread_t thread;

    fake->platform.time_ns = real_time_ns;
    fake->platform.tsc = real_tsc;
    fake->platform.wait = real_wait;
    fake->platform.msr_read = x2apic_msr_read;
    fake->platform.msr_write = ignored_msr_write;
    assert_int_equal(pthread_create(&thread, NULL, parked_thread, &fake->slots[SOME]), 0);
    enum muster_status status = muster_clock_measure(&fake->machine, SOME, 20 * FAKE_S);
    pthread_join(thread, NULL);
    assert_int_equal(status, MUSTER_OK);
    assert_measured(fake, SOME, 0);
}

/* It is ON and has come to be measured before the BSP asks; both meet in the same word. */
static void cpu_that_is_on_is_measured_without_an_interrupt(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_slot *slot = &fake->slots[SOME];
    unsigned interrupts = fake->cpus[SOME].interrupts;

    slot->state.value = MUSTER_CPU_ON;
    fake->cpus[SOME].tsc_skew = 777;
    fake_at(fake, FAKE_US, fake_step, &fake->cpus[SOME], 0);
    assert_int_equal(measure(fake), MUSTER_OK);
    assert_measured(fake, SOME, 777);
    assert_int_equal(fake->cpus[SOME].interrupts, interrupts);
    assert_int_equal(slot->state.value, MUSTER_CPU_ON);
}

static void *joining_thread(void *argument)
{
    static enum muster_status status;
    status = muster_clock_join(argument, 20 * FAKE_S);
    return &status;
}

static void assert_joined_and_measured(struct fake_machine *fake)
{
    pthread_t thread;
    void *joined;
    assert_int_equal(pthread_create(&thread, NULL, joining_thread, &fake->slots[SOME]), 0);
    enum muster_status status = muster_clock_measure(&fake->machine, SOME, 20 * FAKE_S);
    pthread_join(thread, &joined);
    assert_int_equal(status, MUSTER_OK);
    assert_int_equal(*(enum muster_status *)joined, MUSTER_OK);
    assert_measured(fake, SOME, 0);
    assert_int_equal(fake->slots[SOME].command.value, PARK_STAY);
    assert_int_equal(fake->slots[SOME].measuring.value, 0);
}

/* Who has joined takes the command as who is parked does: it does not stay for the next time. */
static void cpu_that_joins_is_measured_as_often_as_it_joins(void **state)
{
    struct fake_machine *fake = *state;

    fake->platform.time_ns = real_time_ns;
    fake->platform.tsc = real_tsc;
    fake->platform.wait = real_wait;
    fake->slots[SOME].state.value = MUSTER_CPU_ON;
    assert_joined_and_measured(fake);
    assert_joined_and_measured(fake);
}

/* The CPU that is in it still may never come out of it: that is waited for like all else. */
static void clock_that_stands_does_not_hold_who_waits_for_the_last_measurement(void **state)
{
    struct fake_machine *fake = *state;

    fake->platform.time_ns = standing_time_ns;
    fake->platform.wait = wait_that_comes_back;
    waits = 0;
    fake->slots[SOME].measuring.value = 1;
    assert_int_equal(measure(fake), MUSTER_TIME_OUT);
    assert_int_equal(fake->slots[SOME].command.value, PARK_STAY);
}

static void cpu_that_nobody_measures_gives_up_in_time(void **state)
{
    struct fake_machine *fake = *state;
    uint64_t start_ns = fake->now_ns;

    fake->slots[SOME].state.value = MUSTER_CPU_ON;
    assert_int_equal(muster_clock_join(&fake->slots[SOME], FAKE_MS), MUSTER_TIME_OUT);
    assert_true(fake->now_ns - start_ns >= FAKE_MS && fake->now_ns - start_ns < 2 * FAKE_MS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, parked, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cpu_that_is_on_is_measured_without_an_interrupt),
        TEST(cpu_that_joins_is_measured_as_often_as_it_joins),
        TEST(clock_that_stands_does_not_hold_who_waits_for_the_last_measurement),
        TEST(cpu_that_nobody_measures_gives_up_in_time),
        TEST(offset_is_found_within_half_the_round_trip),
        TEST(the_most_lopsided_way_is_within_the_uncertainty),
        TEST(the_shortest_round_trip_counts),
        TEST(an_offset_beyond_its_uncertainty_is_corrected),
        TEST(what_a_correction_was_wrong_by_is_taken_off_too),
        TEST(a_counter_that_does_not_move_is_corrected_once_and_reported),
        TEST(a_counter_that_never_comes_near_is_given_up_and_reported),
        TEST(an_offset_within_its_uncertainty_is_left_alone),
        TEST(in_a_td_an_offset_is_reported_and_not_corrected),
        TEST(a_cpu_without_leaf_7_is_not_asked_for_its_tsc_adjust),
        TEST(a_cpu_that_falls_silent_costs_the_time_out_and_no_more),
        TEST(a_deaf_cpu_is_not_measured_later_by_surprise),
        TEST(the_next_measurement_waits_until_the_cpu_is_out_of_the_last),
        TEST(all_parked_cpus_are_measured_past_one_that_fails),
        TEST(who_is_not_parked_is_denied_and_stays_as_it_is),
        TEST(without_the_hook_nothing_is_measured),
        TEST(a_measured_cpu_starts_like_any_other),
        TEST(the_cpu_itself_gives_up_when_the_bsp_is_gone),
        TEST(two_threads_on_one_host_agree),
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
