/* Processors that come and go: muster/hotplug.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <muster/hotplug.h>

#include "tests/unit/fake_machine.h"

#define COUNT 6
#define BSP   (COUNT / 2)
#define SOME  1 /* there from the boot on */
#define LATER 4 /* these two are not */
#define LAST  5

static void entry(struct muster_slot *slot, void *context)
{
    (void)slot, (void)context;
}

static const struct muster_start start = {entry, (void *)0x11, 0x770010, (void *)0x22};

static struct fake_machine *machine_with_empty_places(enum muster_way way)
{
    struct fake_machine *fake = fake_machine_new(NULL, COUNT);

    for (uint32_t i = LATER; i <= LAST; i++) {
        fake->machine.cpus[i].enabled = false;
        fake->machine.cpus[i].online_capable = true;
        fake->cpus[i].dead = true;
    }
    if (way == MUSTER_WAY_MAILBOX)
        fake_mailbox_add(fake, 1);
    fake_prepare(fake, way);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    return fake;
}

static int by_sipi(void **state)
{
    *state = machine_with_empty_places(MUSTER_WAY_SIPI);
    return 0;
}

static int by_mailbox(void **state)
{
    *state = machine_with_empty_places(MUSTER_WAY_MAILBOX);
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

/* A processor is put into the place, or taken out of it: power off, all forgotten. */
static void plug(struct fake_machine *fake, uint32_t index)
{
    fake_cpu_init(&fake->cpus[index], fake->cpus[index].apic_id);
}

static void unplug(struct fake_machine *fake, uint32_t index)
{
    uint32_t life = fake->cpus[index].life;

    plug(fake, index);
    fake->cpus[index].life = life + 1;
    fake->cpus[index].dead = true;
}

static enum muster_status arrive(struct fake_machine *fake, uint32_t index)
{
    return muster_cpu_arrive(&fake->machine, &fake->plan, fake->cpus[index].apic_id, FAKE_S);
}

static enum muster_status leave(struct fake_machine *fake, uint32_t index)
{
    return muster_cpu_leave(&fake->machine, &fake->plan, fake->cpus[index].apic_id);
}

static void turn_on(struct fake_machine *fake, uint32_t index)
{
    uint32_t apic_id = fake->cpus[index].apic_id;

    assert_int_equal(muster_cpu_on(&fake->machine, apic_id, &start), MUSTER_OK);
    assert_int_equal(muster_cpu_wait(&fake->machine, apic_id, MUSTER_CPU_ON, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->cpus[index].place, FAKE_ENTERED);
}

static void turn_off(struct fake_machine *fake, uint32_t index)
{
    struct fake_cpu *caller = fake->current;

    fake->current = &fake->cpus[index];
    if (setjmp(fake_gone) == 0)
        (void)muster_cpu_off(&fake->slots[index]);
    fake->current = caller;
    assert_true(park_return(&fake->slots[index], MUSTER_OK));
    fake->cpus[index].place = FAKE_PARKED;
}

/* Arriving. */

static void empty_places_are_neither_woken_nor_waited_for(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(fake->cpus[LATER].inits, 0);
    assert_cpu(fake, LATER, MUSTER_CPU_ABSENT, MUSTER_OK);
    assert_true(fake->now_ns - FAKE_S < 100 * FAKE_MS);
}

static void newcomer_comes_into_the_park_area_and_is_turned_on(void **state)
{
    struct fake_machine *fake = *state;

    plug(fake, LATER);
    assert_int_equal(arrive(fake, LATER), MUSTER_OK);
    assert_cpu(fake, LATER, MUSTER_CPU_OFF, MUSTER_OK);
    assert_ptr_equal(fake->cpus[LATER].slot, &fake->slots[LATER]);
    assert_true(fake->machine.cpus[LATER].enabled);
    assert_false(fake->machine.cpus[LATER].online_capable);
    turn_on(fake, LATER);
    assert_int_equal(fake->machine.strays.value, 0);
}

static void nobody_but_the_newcomer_is_touched(void **state)
{
    struct fake_machine *fake = *state;
    uint32_t sends = fake->send_count;

    turn_on(fake, SOME);
    fake->slots[2].failure = MUSTER_ERROR_APIC_STUCK; /* of a start: it is OFF */
    fake->slots[0].state.value = MUSTER_CPU_FAILED;
    fake->slots[0].failure = MUSTER_ERROR_NOT_ARRIVED;
    plug(fake, LATER);
    sends = fake->send_count;
    assert_int_equal(arrive(fake, LATER), MUSTER_OK);
    for (; sends < fake->send_count; sends++) {
        assert_int_equal(fake->sends[sends].dest, fake->cpus[LATER].apic_id);
        assert_int_not_equal(fake->sends[sends].command & ICR_ALL_BUT_SELF, ICR_ALL_BUT_SELF);
    }
    assert_cpu(fake, SOME, MUSTER_CPU_ON, MUSTER_OK);
    assert_cpu(fake, 2, MUSTER_CPU_OFF, MUSTER_ERROR_APIC_STUCK);
    assert_cpu(fake, 0, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    assert_cpu(fake, LAST, MUSTER_CPU_ABSENT, MUSTER_OK);
}

static void id_that_no_table_lists_is_unknown(void **state)
{
    struct fake_machine *fake = *state;
    uint32_t sends = fake->send_count;

    fake_spare(fake)->dead = false;
    assert_int_equal(muster_cpu_arrive(&fake->machine, &fake->plan, 200, FAKE_S),
                     MUSTER_UNKNOWN_CPU);
    assert_int_equal(muster_cpu_leave(&fake->machine, &fake->plan, 200), MUSTER_UNKNOWN_CPU);
    assert_int_equal(fake->send_count, sends);
}

static void who_is_in_cannot_arrive(void **state)
{
    struct fake_machine *fake = *state;
    uint32_t sends = fake->send_count;

    assert_int_equal(arrive(fake, SOME), MUSTER_DENIED);
    turn_on(fake, SOME);
    sends = fake->send_count;
    assert_int_equal(arrive(fake, SOME), MUSTER_DENIED);
    assert_int_equal(arrive(fake, BSP), MUSTER_DENIED);
    fake->slots[BSP].state.value = MUSTER_CPU_FAILED; /* went off, and did not come again */
    assert_int_equal(arrive(fake, BSP), MUSTER_DENIED);
    assert_int_equal(fake->send_count, sends);
    fake->slots[BSP].state.value = MUSTER_CPU_ON;

    plug(fake, LATER);
    assert_int_equal(arrive(fake, LATER), MUSTER_OK);
    assert_int_equal(arrive(fake, LATER), MUSTER_DENIED);
    assert_int_equal(fake->cpus[LATER].inits, 1);
}

static void no_mailbox_wakes_a_newcomer(void **state)
{
    struct fake_machine *fake = *state;
    uint32_t commands = fake->command_count;

    plug(fake, LATER);
    assert_int_equal(arrive(fake, LATER), MUSTER_NOT_SUPPORTED);
    assert_int_equal(leave(fake, SOME), MUSTER_NOT_SUPPORTED);
    assert_cpu(fake, LATER, MUSTER_CPU_ABSENT, MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
    assert_false(fake->machine.cpus[LATER].enabled);
    assert_int_equal(fake->command_count, commands);
    assert_int_equal(fake->cpus[LATER].inits, 0);
}

static void no_other_way_wakes_a_newcomer(void **state)
{
    static const enum muster_way ways[] = {MUSTER_WAY_NONE, MUSTER_WAY_TD_START,
                                           MUSTER_WAY_MAILBOX};
    struct fake_machine *fake = *state;

    plug(fake, LATER);
    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        fake->plan.way = ways[i];
        assert_int_equal(arrive(fake, LATER), MUSTER_NOT_SUPPORTED);
        assert_int_equal(leave(fake, SOME), MUSTER_NOT_SUPPORTED);
    }
}

static void id_that_an_xapic_cannot_reach_is_named(void **state)
{
    static const uint32_t ids[] = {255, 0};
    struct fake_machine *fake = fake_machine_new(ids, 2);

    (void)state;
    fake->machine.cpus[0].enabled = false;
    fake->machine.cpus[0].online_capable = true;
    fake_prepare(fake, MUSTER_WAY_SIPI);
    assert_int_equal(arrive(fake, 0), MUSTER_ERROR_APIC_ID_BEYOND_XAPIC);
    assert_cpu(fake, 0, MUSTER_CPU_ABSENT, MUSTER_OK);
    fake_machine_free(fake);
}

/* Newcomers that do not come. */

static void dead_newcomer_costs_the_deadline_and_is_named(void **state)
{
    struct fake_machine *fake = *state;
    uint64_t begin_ns = fake->now_ns;

    assert_int_equal(arrive(fake, LATER), MUSTER_TIME_OUT);
    assert_cpu(fake, LATER, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    assert_true(fake->now_ns - begin_ns >= FAKE_S && fake->now_ns - begin_ns < FAKE_S + FAKE_MS);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
}

static void newcomer_that_failed_is_tried_again(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(arrive(fake, LATER), MUSTER_TIME_OUT);
    plug(fake, LATER);
    assert_int_equal(arrive(fake, LATER), MUSTER_OK);
    assert_cpu(fake, LATER, MUSTER_CPU_OFF, MUSTER_OK);
}

static void newcomer_that_died_in_its_slot_is_taken_out_and_replaced(void **state)
{
    struct fake_machine *fake = *state;

    plug(fake, LATER);
    fake->cpus[LATER].load_ns = 100 * FAKE_S;
    assert_int_equal(arrive(fake, LATER), MUSTER_TIME_OUT);
    assert_cpu(fake, LATER, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    assert_int_equal(leave(fake, LATER), MUSTER_OK);
    unplug(fake, LATER);
    assert_cpu(fake, LATER, MUSTER_CPU_ABSENT, MUSTER_ERROR_NOT_ARRIVED);
    plug(fake, LATER);
    assert_int_equal(arrive(fake, LATER), MUSTER_OK);
    turn_on(fake, LATER);
    assert_int_equal(fake->machine.strays.value, 0);
}

static void newcomer_that_differs_is_refused_by_name(void **state)
{
    struct fake_machine *fake = *state;

    plug(fake, LATER);
    fake->cpus[LATER].load_status = MUSTER_ERROR_FEATURES_DIFFER;
    assert_int_equal(arrive(fake, LATER), MUSTER_TIME_OUT);
    assert_cpu(fake, LATER, MUSTER_CPU_FAILED, MUSTER_ERROR_FEATURES_DIFFER);
    assert_int_equal(muster_cpu_on(&fake->machine, fake->cpus[LATER].apic_id, &start),
                     MUSTER_DENIED);
}

static void stuck_apic_is_named(void **state)
{
    struct fake_machine *fake = *state;

    plug(fake, LATER);
    fake->icr_stuck = true;
    assert_int_equal(arrive(fake, LATER), MUSTER_TIME_OUT);
    assert_cpu(fake, LATER, MUSTER_CPU_FAILED, MUSTER_ERROR_APIC_STUCK);
}

/* Leaving. */

static void who_is_on_cannot_leave(void **state)
{
    struct fake_machine *fake = *state;

    turn_on(fake, SOME);
    assert_int_equal(leave(fake, SOME), MUSTER_DENIED);
    assert_int_equal(leave(fake, BSP), MUSTER_DENIED);
    assert_int_equal(leave(fake, LATER), MUSTER_DENIED);
    assert_cpu(fake, SOME, MUSTER_CPU_ON, MUSTER_OK);
    assert_true(fake->machine.cpus[SOME].enabled);
    fake->slots[BSP].state.value = MUSTER_CPU_OFF;
    assert_int_equal(leave(fake, BSP), MUSTER_DENIED);
}

static void who_has_left_is_absent_and_not_adopted_again(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(leave(fake, SOME), MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_ABSENT, MUSTER_OK);
    assert_false(fake->machine.cpus[SOME].enabled);
    assert_true(fake->machine.cpus[SOME].online_capable);
    assert_int_equal(muster_cpu_on(&fake->machine, fake->cpus[SOME].apic_id, &start),
                     MUSTER_DENIED);
    unplug(fake, SOME);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_ABSENT, MUSTER_OK);
    assert_int_equal(fake->cpus[SOME].inits, 0);
}

static void cpu_comes_and_goes_many_times_in_one_slot(void **state)
{
    struct fake_machine *fake = *state;

    for (unsigned round = 0; round < 100; round++) {
        plug(fake, LATER);
        assert_int_equal(arrive(fake, LATER), MUSTER_OK);
        turn_on(fake, LATER);
        turn_off(fake, LATER);
        assert_int_equal(leave(fake, LATER), MUSTER_OK);
        unplug(fake, LATER);
    }
    assert_int_equal(fake->machine.strays.value, 0);
    assert_int_equal(fake->machine.on_count.value, 1);
}

/* It was never taken out: its INIT finds it asleep in the very slot. */
static void cpu_that_left_and_stayed_comes_again(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(leave(fake, SOME), MUSTER_OK);
    assert_int_equal(arrive(fake, SOME), MUSTER_OK);
    assert_int_equal(fake->cpus[SOME].place, FAKE_PARKED);
    turn_on(fake, SOME);
    assert_int_equal(fake->machine.strays.value, 0);
}

#define TEST(name)         cmocka_unit_test_setup_teardown(name, by_sipi, tear_down)
#define MAILBOX_TEST(name) cmocka_unit_test_setup_teardown(name, by_mailbox, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(empty_places_are_neither_woken_nor_waited_for),
        TEST(newcomer_comes_into_the_park_area_and_is_turned_on),
        TEST(nobody_but_the_newcomer_is_touched),
        TEST(id_that_no_table_lists_is_unknown),
        TEST(who_is_in_cannot_arrive),
        MAILBOX_TEST(no_mailbox_wakes_a_newcomer),
        TEST(no_other_way_wakes_a_newcomer),
        cmocka_unit_test(id_that_an_xapic_cannot_reach_is_named),
        TEST(dead_newcomer_costs_the_deadline_and_is_named),
        TEST(newcomer_that_failed_is_tried_again),
        TEST(newcomer_that_died_in_its_slot_is_taken_out_and_replaced),
        TEST(newcomer_that_differs_is_refused_by_name),
        TEST(stuck_apic_is_named),
        TEST(who_is_on_cannot_leave),
        TEST(who_has_left_is_absent_and_not_adopted_again),
        TEST(cpu_comes_and_goes_many_times_in_one_slot),
        TEST(cpu_that_left_and_stayed_comes_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
