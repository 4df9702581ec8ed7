/* A start that is given before its CPU is there (muster_cpu_on_arrival()). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/wake/park.h"
#include "lib/wake/way.h"
#include "tests/unit/fake_machine.h"

#define COUNT 6
#define SOME  1 /* an AP: the BSP is COUNT / 2 */

static void entry(struct muster_slot *slot, void *context)
{
    (void)slot, (void)context;
}

static const struct muster_start good = {entry, (void *)0x11, 0x770010, (void *)0x22};

static int set_up(void **state)
{
    *state = fake_sipi_machine(COUNT);
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static enum muster_status give(struct fake_machine *fake, uint32_t index)
{
    return muster_cpu_on_arrival(&fake->machine, fake->cpus[index].apic_id, &good);
}

static void give_all(struct fake_machine *fake)
{
    for (uint32_t i = 0; i < COUNT; i++)
        if (i != fake->machine.bsp)
            assert_int_equal(give(fake, i), MUSTER_OK);
}

static void cpus_go_on_as_they_arrive_and_get_no_interrupt(void **state)
{
    struct fake_machine *fake = *state;
    give_all(fake);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), COUNT);
    assert_int_equal(fake->machine.on_count.value, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        if (i == fake->machine.bsp)
            continue;
        assert_int_equal(fake->cpus[i].interrupts, 0);
        assert_int_equal(fake->cpus[i].place, FAKE_ENTERED);
        assert_ptr_equal(fake->slots[i].start.percpu, good.percpu);
        assert_false(fake->slots[i].topology.known); /* nobody asked for an order */
    }
}

static void who_was_given_none_parks_beside_them(void **state)
{
    struct fake_machine *fake = *state;
    assert_int_equal(give(fake, SOME), MUSTER_OK);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(
        muster_cpu_wait(&fake->machine, fake->cpus[SOME].apic_id, MUSTER_CPU_ON, FAKE_S),
        MUSTER_OK);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), 2);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 2);
}

static void early_start_is_for_who_has_not_been_sent_for(void **state)
{
    struct fake_machine *fake = *state;
    const struct muster_start crooked = {entry, NULL, 0x770008, NULL}, empty = {.stack_top = 16};
    uint32_t id = fake->cpus[SOME].apic_id;
    assert_int_equal(muster_cpu_on_arrival(&fake->machine, 0xABCDEF, &good), MUSTER_UNKNOWN_CPU);
    assert_int_equal(muster_cpu_on_arrival(&fake->machine, id, &crooked), MUSTER_INVALID_ARGUMENT);
    assert_int_equal(muster_cpu_on_arrival(&fake->machine, id, &empty), MUSTER_INVALID_ARGUMENT);
    assert_int_equal(give(fake, fake->machine.bsp), MUSTER_DENIED);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(give(fake, SOME), MUSTER_DENIED);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
    assert_int_equal(fake->slots[SOME].command.value, PARK_STAY);
}

static void cpu_that_comes_too_late_parks_and_has_no_start(void **state)
{
    struct fake_machine *fake = *state;
    give_all(fake);
    fake->cpus[SOME].start_ns = 3 * FAKE_S;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    assert_int_equal(fake->slots[SOME].command.value, PARK_STAY);
    fake_pass(fake, 5 * FAKE_S);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    assert_int_equal(fake->cpus[SOME].place, FAKE_PARKED);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), COUNT - 1);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK); /* and is taken as others are */
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
}

/* It has found its start and says so, and at this moment the start is taken away. */
static void cpu_whose_start_is_gone_as_it_reaches_for_it_is_parked(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_slot *slot = &fake->slots[SOME];
    assert_int_equal(give(fake, SOME), MUSTER_OK);
    assert_int_equal(slot_state_at_arrival(slot), MUSTER_CPU_ON_PENDING);
    assert_true(slot_take_early_start(slot));
    assert_false(slot_take_early_start(slot));
    assert_int_equal(slot_state_at_arrival(slot), MUSTER_CPU_OFF);
    slot->state.value = MUSTER_CPU_ON_PENDING;
    assert_int_equal(park_step(slot), PARK_STEP_SLEEP);
}

/* Nobody will take its start: who sleeps only while there is none must find none. */
static void refused_cpu_is_left_no_start(void **state)
{
    struct fake_machine *fake = *state;
    give_all(fake);
    fake->cpus[SOME].load_status = MUSTER_ERROR_FEATURES_DIFFER;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_ERROR_FEATURES_DIFFER);
    assert_int_equal(fake->cpus[SOME].place, FAKE_REFUSED);
    assert_int_equal(fake->slots[SOME].command.value, PARK_STAY);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), COUNT - 1);
}

/* A new INIT that lands when the CPU is on at last takes it out of its host's hands. */
static void new_init_never_hits_a_cpu_that_is_on(void **state)
{
    unsigned pulled_out = 0;
    (void)state;
    for (uint64_t start_ns = 11000 * FAKE_US; start_ns < 14000 * FAKE_US; start_ns += 9 * FAKE_US) {
        struct fake_machine *fake = fake_sipi_machine(COUNT);
        give_all(fake);
        fake->cpus[SOME].init_ns = 150 * FAKE_US;
        fake->cpus[SOME].start_ns = start_ns;
        assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
        fake_pass(fake, FAKE_S);
        assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
        assert_cpu(fake, SOME, MUSTER_CPU_ON, MUSTER_OK);
        assert_int_equal(fake->cpus[SOME].place, FAKE_ENTERED);
        assert_int_equal(fake->machine.on_count.value, COUNT);
        pulled_out += fake->cpus[SOME].inits == 2;
        fake_machine_free(fake);
    }
    assert_true(pulled_out > 0); /* else the sweep missed what it is for */
}

static void plan_without_a_way_takes_early_starts_back(void **state)
{
    struct fake_machine *fake = *state;
    give_all(fake);
    fake->plan.way = MUSTER_WAY_NONE;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_ERROR_NO_WAY);
    assert_int_equal(fake->slots[SOME].command.value, PARK_STAY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cpus_go_on_as_they_arrive_and_get_no_interrupt),
        TEST(who_was_given_none_parks_beside_them),
        TEST(early_start_is_for_who_has_not_been_sent_for),
        TEST(cpu_that_comes_too_late_parks_and_has_no_start),
        TEST(cpu_whose_start_is_gone_as_it_reaches_for_it_is_parked),
        TEST(refused_cpu_is_left_no_start),
        TEST(new_init_never_hits_a_cpu_that_is_on),
        TEST(plan_without_a_way_takes_early_starts_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
