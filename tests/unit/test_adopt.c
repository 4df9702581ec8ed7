#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_machine.h"

#define COUNT 8
#define SOME  1 /* an AP: the BSP is COUNT / 2 */

static int by_sipi(void **state)
{
    *state = fake_sipi_machine(COUNT);
    return 0;
}

static int by_mailbox(void **state)
{
    *state = fake_mailbox_machine(COUNT, 1);
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static void assert_everybody_is(const struct fake_machine *fake, enum muster_cpu_state wanted)
{
    for (uint32_t i = 0; i < fake->machine.cpu_count; i++) {
        if (i == fake->machine.bsp)
            continue;
        assert_cpu(fake, i, wanted, MUSTER_OK);
        assert_ptr_equal(fake->cpus[i].slot, &fake->slots[i]);
    }
}

static void assert_only_fails(const struct fake_machine *fake, uint32_t index,
                              enum muster_status failure)
{
    for (uint32_t i = 0; i < fake->machine.cpu_count; i++)
        if (i == index)
            assert_cpu(fake, i, MUSTER_CPU_FAILED, failure);
        else if (i != fake->machine.bsp)
            assert_cpu(fake, i, MUSTER_CPU_OFF, MUSTER_OK);
}

static enum muster_status start(struct fake_machine *fake)
{
    return muster_start(&fake->machine, NULL, 0, FAKE_S);
}

/* Adoption. */

static void everybody_comes_by_either_way_in_any_number(void **state)
{
    static const uint32_t counts[] = {2, 3, 64, 100, 400};

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        for (unsigned way = 0; way < 3; way++) {
            struct fake_machine *fake;

            if (way == 2) {
                fake = fake_machine_new(NULL, counts[i]);
                fake->x2apic = counts[i] > 100;
                fake_prepare(fake, MUSTER_WAY_SIPI);
            } else {
                fake = fake_mailbox_machine(counts[i], (uint16_t)way);
            }
            assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
            assert_everybody_is(fake, MUSTER_CPU_OFF);
            assert_int_equal(start(fake), MUSTER_OK);
            assert_everybody_is(fake, MUSTER_CPU_ON);
            assert_int_equal(fake->machine.strays.value, 0);
            assert_true(fake->now_ns - FAKE_S < 100 * FAKE_MS);
            fake_machine_free(fake);
        }
}

static void stamps_tell_each_cpus_moments_in_order(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(start(fake), MUSTER_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        const uint64_t *stamps = fake->slots[i].stamps_ns;
        const struct fake_cpu *cpu = &fake->cpus[i];

        if (i == fake->machine.bsp)
            continue;
        assert_true(stamps[MUSTER_STAMP_WAKE_SENT] >= FAKE_S);
        assert_int_equal(stamps[MUSTER_STAMP_FIRST_INSTRUCTION], cpu->claimed_at_ns - 1);
        assert_int_equal(stamps[MUSTER_STAMP_LONG_MODE], cpu->claimed_at_ns);
        assert_int_equal(stamps[MUSTER_STAMP_PARKED], cpu->claimed_at_ns + cpu->load_ns);
        assert_int_equal(stamps[MUSTER_STAMP_ON], cpu->entered_at_ns);
        for (unsigned j = 1; j < MUSTER_STAMP_COUNT; j++)
            assert_true(stamps[j] >= stamps[j - 1]);
    }
}

static void late_cpu_fails_parks_and_is_taken_by_the_next_adoption(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].load_ns = 1500 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_fails(fake, SOME, MUSTER_ERROR_NOT_ARRIVED);
    fake_pass(fake, FAKE_S);
    assert_int_equal(fake->cpus[SOME].place, FAKE_PARKED);
    assert_only_fails(fake, SOME, MUSTER_ERROR_NOT_ARRIVED); /* parked, and counts as lost */
    assert_int_equal(start(fake), MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);

    uint32_t sends = fake->send_count;
    uint32_t commands = fake->command_count;
    uint64_t now_ns = fake->now_ns;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
    assert_int_equal(fake->send_count, sends); /* it is here already: no wake, no waiting */
    assert_int_equal(fake->command_count, commands);
    assert_int_equal(fake->now_ns, now_ns);
    assert_int_equal(start(fake), MUSTER_OK);
    assert_everybody_is(fake, MUSTER_CPU_ON);
}

/* An INIT or a second command would pull it out of a slot that it could not claim again. */
static void cpu_that_is_still_under_way_is_not_woken_again_but_waited_for(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].load_ns = 1500 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_fails(fake, SOME, MUSTER_ERROR_NOT_ARRIVED);
    uint32_t sends = fake->send_count;
    uint32_t commands = fake->command_count;
    assert_int_equal(fake_adopt(fake, 100 * FAKE_MS), MUSTER_TIME_OUT);
    assert_only_fails(fake, SOME, MUSTER_ERROR_NOT_ARRIVED);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->send_count, sends);
    assert_int_equal(fake->command_count, commands);
    assert_everybody_is(fake, MUSTER_CPU_OFF);
    assert_int_equal(fake->machine.strays.value, 0);
}

static void cpu_that_never_comes_fails_each_time_and_holds_nobody_up(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].dead = true;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t now_ns = fake->now_ns;

        assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
        assert_only_fails(fake, SOME,
                          fake->mailbox ? MUSTER_ERROR_NOT_ACKNOWLEDGED : MUSTER_ERROR_NOT_ARRIVED);
        assert_in_range(fake->now_ns - now_ns, FAKE_S / 2, FAKE_S);
    }
    fake->cpus[SOME].dead = false; /* and when the fault is gone */
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is(fake, MUSTER_CPU_OFF);
}

static void cpu_with_a_wrong_apic_id_is_refused_for_good(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].live_id = 202;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_fails(fake, SOME, MUSTER_ERROR_WRONG_APIC_ID);
    assert_int_equal(fake->cpus[SOME].place, FAKE_REFUSED);
    assert_true(fake->now_ns - FAKE_S < 10 * FAKE_MS); /* it says so: no waiting */

    uint32_t commands = fake->command_count;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_fails(fake, SOME, MUSTER_ERROR_WRONG_APIC_ID);
    assert_int_equal(fake->command_count, commands);
}

static void cpu_that_lacks_a_feature_is_refused_for_good(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].load_status = MUSTER_ERROR_FEATURES_DIFFER;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t now_ns = fake->now_ns;

        assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
        assert_only_fails(fake, SOME, MUSTER_ERROR_FEATURES_DIFFER);
        assert_true(fake->now_ns - now_ns < 10 * FAKE_MS);
    }
    assert_true(fake->cpus[SOME].inits <= 1);
}

static uint64_t clock_that_stands(void *context)
{
    (void)context;
    return FAKE_S;
}

/* It must come back, as no deadline ever passes; a moment goes by, for those who are well. */
static void wait_by_a_clock_that_stands(void *context, const struct muster_word *word,
                                        uint32_t value, uint64_t deadline_ns)
{
    (void)word, (void)value, (void)deadline_ns;
    fake_pass(context, 100);
}

static void clock_that_stands_holds_nobody_and_is_named_for_who_is_missing(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].dead = true;
    fake->platform.time_ns = clock_that_stands;
    fake->platform.wait = wait_by_a_clock_that_stands;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_only_fails(fake, SOME, MUSTER_ERROR_CLOCK_STANDS);
    assert_int_equal(start(fake), MUSTER_OK);

    fake->cpus[SOME].dead = false;
    fake->platform.time_ns = fake_time_ns;
    fake->platform.wait = fake_wait;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(start(fake), MUSTER_OK);
    assert_everybody_is(fake, MUSTER_CPU_ON);
}

static void who_waits_for_ever_waits_for_no_clock(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].start_ns = 150 * FAKE_MS; /* long after the clock was found standing */
    fake->platform.time_ns = clock_that_stands;
    fake->platform.wait = wait_by_a_clock_that_stands;
    assert_int_equal(fake_adopt(fake, MUSTER_FOREVER), MUSTER_OK);
    assert_everybody_is(fake, MUSTER_CPU_OFF);
}

/* A refused CPU's reason may be lost for a moment to an adoption that begins. */
static void who_has_failed_counts_as_missing_without_a_reason_too(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].load_status = MUSTER_ERROR_FEATURES_DIFFER;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    fake->slots[SOME].failure = MUSTER_OK;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
}

static void cpu_that_comes_twice_is_a_stray_the_second_time(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].start_again_ns = 15 * FAKE_US;    /* before it has arrived */
    fake->cpus[SOME + 1].start_again_ns = 5 * FAKE_MS; /* long after */
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    fake_pass(fake, FAKE_S);
    assert_int_equal(fake->machine.strays.value, 2);
    assert_everybody_is(fake, MUSTER_CPU_OFF);
}

static void absent_cpu_is_neither_woken_nor_waited_for(void **state)
{
    struct fake_machine *fake = *state;

    fake->machine.cpus[SOME].enabled = false;
    fake->machine.cpus[SOME].online_capable = true;
    fake->cpus[SOME].dead = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_ABSENT, MUSTER_OK);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 2);
    assert_true(fake->now_ns - FAKE_S < 10 * FAKE_MS);
    for (uint32_t i = 0; i < fake->command_count; i++)
        assert_int_not_equal(fake->commands[i].apic_id, fake->cpus[SOME].apic_id);
    assert_int_equal(start(fake), MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_ABSENT, MUSTER_OK);
}

static void second_adoption_of_a_whole_machine_does_nothing(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    uint32_t sends = fake->send_count;
    uint64_t now_ns = fake->now_ns;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->send_count, sends);
    assert_int_equal(fake->command_count, fake->mailbox ? COUNT - 1 : 0);
    assert_int_equal(fake->now_ns, now_ns);
    assert_everybody_is(fake, MUSTER_CPU_OFF);
}

static void deadline_may_be_for_ever(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].load_ns = 1000 * FAKE_S;
    fake->cpus[SOME].acknowledge_ns = MUSTER_FOREVER / 4 * 3;
    assert_int_equal(fake_adopt(fake, MUSTER_FOREVER), MUSTER_OK);
    assert_everybody_is(fake, MUSTER_CPU_OFF);
    fake->cpus[SOME].step_ns = 1000 * FAKE_S;
    assert_int_equal(muster_start(&fake->machine, NULL, 0, MUSTER_FOREVER), MUSTER_OK);
    assert_everybody_is(fake, MUSTER_CPU_ON);
}

/* Its wake was withdrawn, but it had read it. */
static void cpu_whose_wake_seemed_lost_and_was_not_is_like_any_other(void **state)
{
    struct fake_machine *fake = *state;
    uint64_t vector = FAKE_MAILBOX_ENTRY + ENTRY_STUB_BYTES * SOME;

    fake->cpus[SOME].acknowledge_ns = 5 * FAKE_S;
    fake->cpus[COUNT - 1].load_ns = 300 * FAKE_MS; /* keeps the adoption waiting */
    fake_at(fake, 600 * FAKE_MS, fake_enter, &fake->cpus[SOME], vector);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_everybody_is(fake, MUSTER_CPU_OFF);
    assert_int_equal(start(fake), MUSTER_OK);
    assert_everybody_is(fake, MUSTER_CPU_ON);
}

static void plan_of_no_way_cannot_wake_anybody(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_plan none = {.way = MUSTER_WAY_NONE};

    assert_int_equal(muster_adopt(&fake->machine, &none, FAKE_S), MUSTER_ERROR_NO_WAY);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ADOPT_PENDING), 0);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK); /* with the right plan */
    assert_everybody_is(fake, MUSTER_CPU_OFF);
}

static void one_processor_is_adopted_and_started_at_once(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, 1);

    (void)state;
    fake_prepare(fake, MUSTER_WAY_AUTO);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(start(fake), MUSTER_OK);
    assert_int_equal(fake->now_ns, FAKE_S);
    assert_cpu(fake, 0, MUSTER_CPU_ON, MUSTER_OK);
    fake_machine_free(fake);
}

/* Start. */

static void cpus_start_in_the_order_asked_for(void **state)
{
    static const uint32_t order[] = {6, 2, 7, 0, COUNT, 5, UINT32_MAX, 6};
    static const uint32_t started[] = {6, 2, 7, 0, 5};
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    fake->send_count = 0;
    assert_int_equal(muster_start(&fake->machine, order, 8, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->send_count, 5);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(fake->sends[i].dest, fake->cpus[started[i]].apic_id);
        assert_int_equal(fake->sends[i].command, ICR_ASSERT | FAKE_WAKE_VECTOR);
        assert_cpu(fake, started[i], MUSTER_CPU_ON, MUSTER_OK);
    }
    assert_cpu(fake, 1, MUSTER_CPU_OFF, MUSTER_OK);
    assert_cpu(fake, 3, MUSTER_CPU_OFF, MUSTER_OK);
    assert_int_equal(start(fake), MUSTER_OK); /* the rest, as listed */
    assert_int_equal(fake->sends[5].dest, fake->cpus[1].apic_id);
    assert_int_equal(fake->sends[6].dest, fake->cpus[3].apic_id);
    assert_int_equal(fake->send_count, 7);
    assert_everybody_is(fake, MUSTER_CPU_ON);
}

static void all_start_at_the_same_time(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    for (unsigned i = 0; i < COUNT; i++)
        fake->cpus[i].step_ns = 10 * FAKE_MS;
    uint64_t now_ns = fake->now_ns;
    assert_int_equal(start(fake), MUSTER_OK);
    assert_int_equal(fake->now_ns - now_ns, 10 * FAKE_MS);
    assert_everybody_is(fake, MUSTER_CPU_ON);
}

static void started_cpu_takes_interrupts_on_its_own_kernel_stack(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    for (uint32_t i = 0; i < COUNT; i++)
        fake->slots[i].start.stack_top = 0x770000 + 16 * i;
    assert_int_equal(start(fake), MUSTER_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        const struct x86_tss *tss = (const void *)fake->slots[i].tss;

        if (i != fake->machine.bsp)
            assert_int_equal(tss->rsp[0], 0x770000 + 16 * i);
    }
}

static void start_with_a_cpu_missing_starts_the_others_and_is_done(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].dead = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    uint64_t now_ns = fake->now_ns;
    assert_int_equal(start(fake), MUSTER_OK);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), COUNT - 1);
    assert_int_equal(fake_count(fake, MUSTER_CPU_FAILED), 1);
    assert_true(fake->now_ns - now_ns < FAKE_MS);
    assert_int_equal(fake->cpus[SOME].interrupts, 0);
}

static void cpu_that_does_not_start_fails_at_the_deadline(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    fake->cpus[SOME].deaf = true;
    uint64_t now_ns = fake->now_ns;
    assert_int_equal(start(fake), MUSTER_TIME_OUT);
    assert_int_equal(fake->now_ns - now_ns, FAKE_S);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), COUNT - 1);
}

/* Zircon's bug: at the time-out the stack is freed, and then the CPU comes and uses it. */
static void cpu_that_wakes_after_it_was_given_up_does_not_start(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    fake->cpus[SOME].step_ns = 1500 * FAKE_MS;
    assert_int_equal(start(fake), MUSTER_TIME_OUT);
    fake_pass(fake, 2 * FAKE_S);
    assert_int_equal(fake->cpus[SOME].place, FAKE_PARKED);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    assert_int_equal(fake->event_count, 0); /* it sleeps, and does not spin on the command */

    fake->cpus[SOME].step_ns = FAKE_US; /* parked and well: the next adoption takes it */
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
    assert_int_equal(start(fake), MUSTER_OK);
    assert_everybody_is(fake, MUSTER_CPU_ON);
    assert_int_equal(fake->cpus[SOME].place, FAKE_ENTERED);
}

static void cpu_that_wakes_from_its_first_start_during_a_second_one_is_on(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    fake->cpus[SOME].step_ns = 1500 * FAKE_MS;
    assert_int_equal(start(fake), MUSTER_TIME_OUT);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(start(fake), MUSTER_OK);
    fake_pass(fake, 2 * FAKE_S); /* the second interrupt finds it at its entry */
    assert_everybody_is(fake, MUSTER_CPU_ON);
    assert_int_equal(fake->slots[SOME].command.value, PARK_STAY);
}

static void interrupt_that_cannot_be_sent_is_named(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    fake->icr_stuck = true;
    assert_int_equal(start(fake), MUSTER_TIME_OUT);
    for (uint32_t i = 0; i < COUNT; i++)
        if (i != fake->machine.bsp)
            assert_cpu(fake, i, MUSTER_CPU_OFF, MUSTER_ERROR_APIC_STUCK);
    fake->icr_stuck = false;
    assert_int_equal(start(fake), MUSTER_OK);
    assert_everybody_is(fake, MUSTER_CPU_ON);
}

static void only_parked_cpus_are_started(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(start(fake), MUSTER_OK);
    assert_int_equal(fake->send_count, 0);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ABSENT), COUNT - 1);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(start(fake), MUSTER_OK);
    uint32_t sends = fake->send_count;
    assert_int_equal(start(fake), MUSTER_OK);
    assert_int_equal(fake->send_count, sends);
}

#define BY_SIPI(name)    cmocka_unit_test_setup_teardown(name, by_sipi, tear_down)
#define BY_MAILBOX(name) cmocka_unit_test_setup_teardown(name, by_mailbox, tear_down)
#define BY_BOTH(name)    BY_SIPI(name), BY_MAILBOX(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_comes_by_either_way_in_any_number),
        BY_BOTH(stamps_tell_each_cpus_moments_in_order),
        BY_BOTH(late_cpu_fails_parks_and_is_taken_by_the_next_adoption),
        BY_BOTH(cpu_that_is_still_under_way_is_not_woken_again_but_waited_for),
        BY_BOTH(cpu_that_never_comes_fails_each_time_and_holds_nobody_up),
        BY_MAILBOX(cpu_with_a_wrong_apic_id_is_refused_for_good),
        BY_BOTH(cpu_that_lacks_a_feature_is_refused_for_good),
        BY_BOTH(cpu_that_comes_twice_is_a_stray_the_second_time),
        BY_BOTH(clock_that_stands_holds_nobody_and_is_named_for_who_is_missing),
        BY_BOTH(who_waits_for_ever_waits_for_no_clock),
        BY_BOTH(who_has_failed_counts_as_missing_without_a_reason_too),
        BY_BOTH(absent_cpu_is_neither_woken_nor_waited_for),
        BY_BOTH(second_adoption_of_a_whole_machine_does_nothing),
        BY_BOTH(deadline_may_be_for_ever),
        BY_MAILBOX(cpu_whose_wake_seemed_lost_and_was_not_is_like_any_other),
        BY_BOTH(plan_of_no_way_cannot_wake_anybody),
        cmocka_unit_test(one_processor_is_adopted_and_started_at_once),
        BY_BOTH(cpus_start_in_the_order_asked_for),
        BY_SIPI(all_start_at_the_same_time),
        BY_SIPI(started_cpu_takes_interrupts_on_its_own_kernel_stack),
        BY_BOTH(start_with_a_cpu_missing_starts_the_others_and_is_done),
        BY_SIPI(cpu_that_does_not_start_fails_at_the_deadline),
        BY_SIPI(cpu_that_wakes_after_it_was_given_up_does_not_start),
        BY_SIPI(cpu_that_wakes_from_its_first_start_during_a_second_one_is_on),
        BY_SIPI(interrupt_that_cannot_be_sent_is_named),
        BY_SIPI(only_parked_cpus_are_started),
    };

    return cmocka_run_group_tests_name("adopt", tests, NULL, NULL);
}
