#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_machine.h"

#define COUNT 6
#define SOME  1 /* an AP: the BSP is COUNT / 2 */
#define OTHER 2

static void entry(struct muster_slot *slot, void *context)
{
    (void)slot, (void)context;
}

static const struct muster_start good = {entry, (void *)0x11, 0x770010, (void *)0x22};
static const struct muster_start another = {entry, (void *)0x33, 0x880020, (void *)0x44};

static int set_up(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(COUNT);

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    *state = fake;
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static enum muster_status on(struct fake_machine *fake, uint32_t index)
{
    return muster_cpu_on(&fake->machine, fake->cpus[index].apic_id, &good);
}

static enum muster_status await(struct fake_machine *fake, uint32_t index,
                                enum muster_cpu_state wanted)
{
    return muster_cpu_wait(&fake->machine, fake->cpus[index].apic_id, wanted, FAKE_S);
}

static void turn_on(struct fake_machine *fake, uint32_t index)
{
    assert_int_equal(on(fake, index), MUSTER_OK);
    assert_int_equal(await(fake, index, MUSTER_CPU_ON), MUSTER_OK);
    assert_cpu(fake, index, MUSTER_CPU_ON, MUSTER_OK);
}

static void turn_off(struct fake_machine *fake, uint32_t index)
{
    assert_int_equal(fake_off(fake, index), MUSTER_OK);
    fake_reenter(fake, index);
    assert_cpu(fake, index, MUSTER_CPU_OFF, MUSTER_OK);
}

/* On. */

static void cpu_that_is_turned_on_gets_the_start_it_was_given(void **state)
{
    struct fake_machine *fake = *state;
    const struct x86_tss *tss = (const void *)fake->slots[SOME].tss;

    turn_on(fake, SOME);
    assert_memory_equal(&fake->slots[SOME].start, &good, sizeof(good));
    assert_int_equal(tss->rsp[0], good.stack_top);
    assert_int_equal(fake->cpus[SOME].place, FAKE_ENTERED);
    assert_int_equal(fake->machine.on_count.value, 2);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 2);
}

static void on_returns_before_the_cpu_is_on(void **state)
{
    struct fake_machine *fake = *state;
    uint64_t now_ns = fake->now_ns;

    assert_int_equal(on(fake, SOME), MUSTER_OK);
    assert_int_equal(fake->now_ns, now_ns);
    assert_cpu(fake, SOME, MUSTER_CPU_ON_PENDING, MUSTER_OK);
}

static void second_on_is_told_that_it_is_pending_and_changes_nothing(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(on(fake, SOME), MUSTER_OK);
    assert_int_equal(muster_cpu_on(&fake->machine, fake->cpus[SOME].apic_id, &another),
                     MUSTER_ON_PENDING);
    assert_memory_equal(&fake->slots[SOME].start, &good, sizeof(good));
    assert_int_equal(await(fake, SOME, MUSTER_CPU_ON), MUSTER_OK);
    assert_int_equal(muster_cpu_on(&fake->machine, fake->cpus[SOME].apic_id, &another),
                     MUSTER_ALREADY_ON);
    assert_memory_equal(&fake->slots[SOME].start, &good, sizeof(good));
    assert_int_equal(fake->cpus[SOME].interrupts, 1);
}

static void cpu_on_its_way_off_is_already_on(void **state)
{
    struct fake_machine *fake = *state;

    turn_on(fake, SOME);
    assert_int_equal(fake_off(fake, SOME), MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF_PENDING, MUSTER_OK);
    assert_int_equal(on(fake, SOME), MUSTER_ALREADY_ON);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF_PENDING, MUSTER_OK);
    fake_reenter(fake, SOME);
    turn_on(fake, SOME);
}

static void unknown_cpu_is_named(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(muster_cpu_on(&fake->machine, 200, &good), MUSTER_UNKNOWN_CPU);
    assert_int_equal(muster_cpu_wait(&fake->machine, 200, MUSTER_CPU_ON, 1), MUSTER_UNKNOWN_CPU);
}

static void start_without_entry_or_with_a_crooked_stack_is_refused(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_start bad = good;

    bad.stack_top += 8;
    assert_int_equal(muster_cpu_on(&fake->machine, fake->cpus[SOME].apic_id, &bad),
                     MUSTER_INVALID_ARGUMENT);
    bad = good;
    bad.entry = NULL;
    assert_int_equal(muster_cpu_on(&fake->machine, fake->cpus[SOME].apic_id, &bad),
                     MUSTER_INVALID_ARGUMENT);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
}

static void only_a_cpu_in_the_park_area_can_be_turned_on(void **state)
{
    static const enum muster_cpu_state not_there[] = {MUSTER_CPU_ABSENT, MUSTER_CPU_ADOPT_PENDING,
                                                      MUSTER_CPU_FAILED};
    struct fake_machine *fake = *state;

    for (unsigned i = 0; i < 3; i++) {
        fake->slots[SOME].state.value = not_there[i];
        assert_int_equal(on(fake, SOME), MUSTER_DENIED);
        assert_int_equal(fake->slots[SOME].state.value, not_there[i]);
        assert_int_equal(await(fake, SOME, MUSTER_CPU_ON), MUSTER_DENIED);
        assert_int_equal(await(fake, SOME, MUSTER_CPU_OFF), MUSTER_DENIED);
    }
    assert_int_equal(fake->cpus[SOME].interrupts, 0);
}

static void interrupt_that_cannot_be_sent_leaves_the_cpu_off(void **state)
{
    struct fake_machine *fake = *state;

    fake->icr_stuck = true;
    assert_int_equal(on(fake, SOME), MUSTER_ERROR_APIC_STUCK);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_ERROR_APIC_STUCK);
    assert_int_equal(fake->slots[SOME].command.value, PARK_STAY);
    fake->icr_stuck = false;
    turn_on(fake, SOME);
}

static void cpu_that_was_awake_is_on_though_the_interrupt_was_not_sent(void **state)
{
    struct fake_machine *fake = *state;

    fake->icr_stuck = true;
    fake_at(fake, FAKE_MS, fake_step, &fake->cpus[SOME], 0);
    assert_int_equal(on(fake, SOME), MUSTER_OK);
    assert_int_equal(await(fake, SOME, MUSTER_CPU_ON), MUSTER_OK);
}

/* Waiting. */

static void cpu_that_is_not_on_in_time_fails_and_does_not_start_later(void **state)
{
    struct fake_machine *fake = *state;
    uint64_t now_ns = fake->now_ns;

    fake->cpus[SOME].step_ns = 2 * FAKE_S;
    assert_int_equal(on(fake, SOME), MUSTER_OK);
    assert_int_equal(await(fake, SOME, MUSTER_CPU_ON), MUSTER_TIME_OUT);
    assert_int_equal(fake->now_ns - now_ns, FAKE_S);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    fake_pass(fake, 2 * FAKE_S);
    assert_int_equal(fake->cpus[SOME].place, FAKE_PARKED);
    assert_int_equal(on(fake, SOME), MUSTER_DENIED);

    fake->cpus[SOME].step_ns = FAKE_US;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK); /* it is parked, and taken in again */
    turn_on(fake, SOME);
}

/* Neither on nor given up: whoever waits may not free its stack. */
static void cpu_that_has_taken_its_start_is_not_given_up(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].deaf = true;
    assert_int_equal(on(fake, SOME), MUSTER_OK);
    fake->slots[SOME].command.value = PARK_STAY; /* taken, and then nothing */
    assert_int_equal(await(fake, SOME, MUSTER_CPU_ON), MUSTER_TIME_OUT);
    assert_cpu(fake, SOME, MUSTER_CPU_ON_PENDING, MUSTER_OK);
}

static void come_on(struct fake_machine *fake, struct fake_cpu *cpu, uint64_t value)
{
    (void)fake, (void)value;
    cpu->slot->state.value = MUSTER_CPU_ON;
}

static void cpu_that_is_seen_just_after_the_deadline_is_on(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].deaf = true;
    assert_int_equal(on(fake, SOME), MUSTER_OK);
    fake->slots[SOME].command.value = PARK_STAY;
    fake_at(fake, FAKE_S + 10 * FAKE_US, come_on, &fake->cpus[SOME], 0);
    assert_int_equal(await(fake, SOME, MUSTER_CPU_ON), MUSTER_OK);
}

static void waiting_for_any_other_state_is_refused(void **state)
{
    struct fake_machine *fake = *state;

    for (unsigned wanted = 0; wanted <= MUSTER_CPU_FAILED; wanted++)
        if (wanted != MUSTER_CPU_ON && wanted != MUSTER_CPU_OFF)
            assert_int_equal(await(fake, SOME, (enum muster_cpu_state)wanted),
                             MUSTER_INVALID_ARGUMENT);
}

static void waiting_for_a_cpu_that_nobody_turned_on_is_denied(void **state)
{
    struct fake_machine *fake = *state;
    uint64_t now_ns = fake->now_ns;

    assert_int_equal(await(fake, SOME, MUSTER_CPU_ON), MUSTER_DENIED);
    assert_int_equal(fake->now_ns, now_ns);
}

static void cpu_that_stays_on_is_not_off_in_time_and_lives_on(void **state)
{
    struct fake_machine *fake = *state;

    turn_on(fake, SOME);
    assert_int_equal(await(fake, SOME, MUSTER_CPU_OFF), MUSTER_TIME_OUT);
    assert_cpu(fake, SOME, MUSTER_CPU_ON, MUSTER_OK);
}

/* Off. */

static void cpu_goes_off_and_on_again_with_its_state_reloaded(void **state)
{
    struct fake_machine *fake = *state;

    for (unsigned i = 1; i <= 5; i++) {
        turn_on(fake, SOME);
        fake->slots[SOME].gs_base = 0xBAD;
        turn_off(fake, SOME);
        assert_int_equal(await(fake, SOME, MUSTER_CPU_OFF), MUSTER_OK);
        assert_int_equal(fake->reloads, i);
        assert_int_equal(fake->slots[SOME].gs_base, (uint64_t)&fake->slots[SOME]);
        assert_int_equal(fake->machine.on_count.value, 1);
    }
    turn_on(fake, SOME);
    assert_int_equal(fake->machine.strays.value, 0);
}

/* Its stack is in use until the very end. */
static void cpu_is_not_off_before_it_has_left_its_stack(void **state)
{
    struct fake_machine *fake = *state;

    turn_on(fake, SOME);
    assert_int_equal(fake_off(fake, SOME), MUSTER_OK); /* up to cpu_go_off() */
    assert_cpu(fake, SOME, MUSTER_CPU_OFF_PENDING, MUSTER_OK);
    assert_int_equal(fake->reloads, 0);
    fake_reenter(fake, SOME);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
    assert_int_equal(fake->reloads, 1);
}

static void last_cpu_that_is_on_may_not_go_off(void **state)
{
    struct fake_machine *fake = *state;
    uint32_t bsp = fake->machine.bsp;

    assert_int_equal(fake_off(fake, bsp), MUSTER_DENIED);
    assert_cpu(fake, bsp, MUSTER_CPU_ON, MUSTER_OK);
    turn_on(fake, SOME);
    turn_off(fake, SOME);
    assert_int_equal(fake_off(fake, bsp), MUSTER_DENIED);
}

static void of_two_that_go_at_once_one_stays(void **state)
{
    struct fake_machine *fake = *state;

    turn_on(fake, SOME);
    assert_int_equal(fake_off(fake, SOME), MUSTER_OK);
    assert_int_equal(fake_off(fake, fake->machine.bsp), MUSTER_DENIED);
    fake_reenter(fake, SOME);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), 1);
}

static void bsp_goes_off_and_is_turned_on_by_an_ap(void **state)
{
    struct fake_machine *fake = *state;
    uint32_t bsp = fake->machine.bsp;

    turn_on(fake, SOME);
    turn_off(fake, bsp);
    fake->current = &fake->cpus[SOME];
    turn_on(fake, bsp);
    assert_int_equal(fake->machine.on_count.value, 2);
}

static void cpu_that_is_not_on_cannot_go_off(void **state)
{
    struct fake_machine *fake = *state;

    turn_on(fake, OTHER);
    for (unsigned i = 0; i <= MUSTER_CPU_FAILED; i++) {
        if (i == MUSTER_CPU_ON)
            continue;
        fake->slots[SOME].state.value = i;
        assert_int_equal(fake_off(fake, SOME), MUSTER_DENIED);
        assert_int_equal(fake->slots[SOME].state.value, i);
    }
    assert_int_equal(fake->machine.on_count.value, 2);
}

static void cpu_on_tables_of_another_depth_is_told_so(void **state)
{
    struct fake_machine *fake = *state;

    turn_on(fake, SOME);
    fake_levels = 5;
    assert_int_equal(fake_off(fake, SOME), MUSTER_ERROR_PAGING_LEVELS);
    assert_cpu(fake, SOME, MUSTER_CPU_ON, MUSTER_OK);
    assert_int_equal(fake->machine.on_count.value, 2);
    fake_levels = 4;
    turn_off(fake, SOME);
}

static void cpu_that_lost_a_feature_is_refused_on_its_way_off(void **state)
{
    struct fake_machine *fake = *state;

    turn_on(fake, SOME);
    assert_int_equal(fake_off(fake, SOME), MUSTER_OK);
    fake->cpus[SOME].load_status = MUSTER_ERROR_FEATURES_DIFFER;
    fake_reenter(fake, SOME);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_FEATURES_DIFFER);
    assert_int_equal(on(fake, SOME), MUSTER_DENIED);
    assert_int_equal(fake_adopt(fake, FAKE_MS), MUSTER_TIME_OUT); /* it would not hear */
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_FEATURES_DIFFER);
}

static void started_together_and_one_by_one_is_the_same(void **state)
{
    struct fake_machine *fake = *state;

    turn_on(fake, SOME);
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), COUNT);
    assert_int_equal(fake->machine.on_count.value, COUNT);
    turn_off(fake, OTHER);
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), COUNT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cpu_that_is_turned_on_gets_the_start_it_was_given),
        TEST(on_returns_before_the_cpu_is_on),
        TEST(second_on_is_told_that_it_is_pending_and_changes_nothing),
        TEST(cpu_on_its_way_off_is_already_on),
        TEST(unknown_cpu_is_named),
        TEST(start_without_entry_or_with_a_crooked_stack_is_refused),
        TEST(only_a_cpu_in_the_park_area_can_be_turned_on),
        TEST(interrupt_that_cannot_be_sent_leaves_the_cpu_off),
        TEST(cpu_that_was_awake_is_on_though_the_interrupt_was_not_sent),
        TEST(cpu_that_is_not_on_in_time_fails_and_does_not_start_later),
        TEST(cpu_that_has_taken_its_start_is_not_given_up),
        TEST(cpu_that_is_seen_just_after_the_deadline_is_on),
        TEST(waiting_for_any_other_state_is_refused),
        TEST(waiting_for_a_cpu_that_nobody_turned_on_is_denied),
        TEST(cpu_that_stays_on_is_not_off_in_time_and_lives_on),
        TEST(cpu_goes_off_and_on_again_with_its_state_reloaded),
        TEST(cpu_is_not_off_before_it_has_left_its_stack),
        TEST(last_cpu_that_is_on_may_not_go_off),
        TEST(of_two_that_go_at_once_one_stays),
        TEST(bsp_goes_off_and_is_turned_on_by_an_ap),
        TEST(cpu_that_is_not_on_cannot_go_off),
        TEST(cpu_on_tables_of_another_depth_is_told_so),
        TEST(cpu_that_lost_a_feature_is_refused_on_its_way_off),
        TEST(started_together_and_one_by_one_is_the_same),
    };

    return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
