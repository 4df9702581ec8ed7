/* Starting all parked CPUs by one interrupt, and when it must be one for each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_machine.h"

#define COUNT     8u
#define TO_ALL    (ICR_FIXED | ICR_ASSERT | ICR_ALL_BUT_SELF | FAKE_WAKE_VECTOR)
#define TO_ONE    (ICR_FIXED | ICR_ASSERT | FAKE_WAKE_VECTOR)
#define STACK_TOP 0x10000u
#define BSP       (COUNT / 2)

static struct fake_machine *adopted(void)
{
    struct fake_machine *fake = fake_sipi_machine(COUNT);
    for (uint32_t i = 0; i < COUNT; i++)
        fake->slots[i].start.stack_top = STACK_TOP;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    fake->send_count = 0;
    return fake;
}

/* muster_cpu_on() refuses them, too; here nobody goes before all are known to be good. */
static void crooked_start_of_one_leaves_all_parked(void **state)
{
    (void)state;
    for (unsigned crooked = 0; crooked < 2; crooked++) {
        struct fake_machine *fake = adopted();
        struct muster_start *start = &fake->slots[COUNT - 1].start;
        if (crooked)
            start->stack_top += 8;
        else
            start->entry = NULL;
        assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_INVALID_ARGUMENT);
        assert_int_equal(fake->send_count, 0);
        assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 1);
        *start = fake->slots[0].start;
        assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
        fake_machine_free(fake);
    }
}

static void all_parked_cpus_start_by_one_interrupt(void **state)
{
    struct fake_machine *fake = adopted();
    (void)state;
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->send_count, 1);
    assert_int_equal(fake->sends[0].command, TO_ALL);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), COUNT);
    fake_machine_free(fake);
}

static void order_of_all_is_one_interrupt_too(void **state)
{
    static const uint32_t order[] = {7, 0, 6, 1, 5, 2, 3};
    struct fake_machine *fake = adopted();
    (void)state;
    assert_int_equal(muster_start(&fake->machine, order, COUNT - 1, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->send_count, 1);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), COUNT);
    fake_machine_free(fake);
}

static void with_cpus_that_are_not_counted_each_gets_its_own(void **state)
{
    struct fake_machine *fake = adopted();
    (void)state;
    fake->machine.disabled_count = 1;
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->send_count, COUNT - 1);
    for (uint32_t i = 0; i < COUNT - 1; i++)
        assert_int_equal(fake->sends[i].command, TO_ONE);
    fake_machine_free(fake);
}

static void with_a_cpu_missing_each_gets_its_own(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(COUNT);
    (void)state;
    fake->cpus[2].dead = true;
    assert_int_equal(fake_adopt(fake, 20 * FAKE_MS), MUSTER_TIME_OUT);
    fake->send_count = 0;
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->send_count, COUNT - 2);
    assert_int_equal(fake->sends[0].command, TO_ONE);
    fake_machine_free(fake);
}

static void with_a_cpu_that_is_on_already_each_gets_its_own(void **state)
{
    struct fake_machine *fake = adopted();
    (void)state;
    assert_int_equal(muster_cpu_on(&fake->machine, fake->cpus[0].apic_id, &fake->slots[0].start),
                     MUSTER_OK);
    assert_int_equal(muster_cpu_wait(&fake->machine, fake->cpus[0].apic_id, MUSTER_CPU_ON, FAKE_S),
                     MUSTER_OK);
    fake->send_count = 0;
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_int_equal(fake->send_count, COUNT - 2);
    assert_int_equal(fake->cpus[0].interrupts, 1); /* it runs somebody's code by now */
    fake_machine_free(fake);
}

static void order_with_a_cpu_twice_disturbs_nobody_who_is_not_in_it(void **state)
{
    static const uint32_t order[] = {0, 1, 2, 3, 5, 6, 6};
    struct fake_machine *fake = adopted();
    (void)state;
    assert_int_equal(muster_start(&fake->machine, order, COUNT - 1, FAKE_S), MUSTER_OK);
    for (uint32_t i = 0; i < fake->send_count; i++)
        assert_int_equal(fake->sends[i].command, TO_ONE);
    assert_cpu(fake, 7, MUSTER_CPU_OFF, MUSTER_OK);
    assert_int_equal(fake->cpus[7].interrupts, 0);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), COUNT - 1);
    fake_machine_free(fake);
}

static void broadcast_that_cannot_be_sent_leaves_all_parked(void **state)
{
    struct fake_machine *fake = adopted();
    (void)state;
    fake->icr_stuck = true;
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_TIME_OUT);
    assert_int_equal(fake->send_count, 0);
    for (uint32_t i = 0; i < COUNT; i++)
        if (i != BSP)
            assert_cpu(fake, i, MUSTER_CPU_OFF, MUSTER_ERROR_APIC_STUCK);
    fake->icr_stuck = false;
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), COUNT);
    fake_machine_free(fake);
}

static void cpu_that_does_not_follow_a_broadcast_fails_alone(void **state)
{
    struct fake_machine *fake = adopted();
    (void)state;
    fake->cpus[3].deaf = true;
    assert_int_equal(muster_start(&fake->machine, NULL, 0, 10 * FAKE_MS), MUSTER_TIME_OUT);
    assert_cpu(fake, 3, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), COUNT - 1);
    fake_machine_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crooked_start_of_one_leaves_all_parked),
        cmocka_unit_test(all_parked_cpus_start_by_one_interrupt),
        cmocka_unit_test(order_of_all_is_one_interrupt_too),
        cmocka_unit_test(with_cpus_that_are_not_counted_each_gets_its_own),
        cmocka_unit_test(with_a_cpu_missing_each_gets_its_own),
        cmocka_unit_test(with_a_cpu_that_is_on_already_each_gets_its_own),
        cmocka_unit_test(order_with_a_cpu_twice_disturbs_nobody_who_is_not_in_it),
        cmocka_unit_test(broadcast_that_cannot_be_sent_leaves_all_parked),
        cmocka_unit_test(cpu_that_does_not_follow_a_broadcast_fails_alone),
    };

    return cmocka_run_group_tests_name("start", tests, NULL, NULL);
}
