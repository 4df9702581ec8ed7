/* One CPU alone, from absent to on: muster_cpu_bring_up(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/x86.h"
#include "tests/unit/fake_machine.h"

#define COUNT 6
#define BSP   (COUNT / 2)
#define SOME  1
#define MS    (1000 * FAKE_US)

static void entry(struct muster_slot *slot, void *context)
{
    (void)slot, (void)context;
}

static struct fake_machine *machine_by(enum muster_way way)
{
    struct fake_machine *fake = fake_machine_new(NULL, COUNT);
    if (way == MUSTER_WAY_MAILBOX)
        fake_mailbox_add(fake, 1);
    fake_prepare(fake, way);
    for (uint32_t i = 0; i < COUNT; i++)
        fake->slots[i].start = (struct muster_start){entry, NULL, 0x770010, NULL};
    return fake;
}

static int by_sipi(void **state)
{
    *state = machine_by(MUSTER_WAY_SIPI);
    return 0;
}

static int by_mailbox(void **state)
{
    *state = machine_by(MUSTER_WAY_MAILBOX);
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static enum muster_status bring_up(struct fake_machine *fake, uint32_t index, bool classic)
{
    return muster_cpu_bring_up(&fake->machine, &fake->plan, fake->cpus[index].apic_id, classic,
                               FAKE_S);
}

static void each_cpu_is_on_before_the_next_is_sent_for(void **state)
{
    struct fake_machine *fake = *state;
    uint64_t last_on_ns = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        if (i == BSP)
            continue;
        assert_int_equal(bring_up(fake, i, false), MUSTER_OK);
        assert_int_equal(muster_cpu_state(&fake->machine, i), MUSTER_CPU_ON);
        const uint64_t *stamps_ns = fake->slots[i].stamps_ns;
        assert_true(stamps_ns[MUSTER_STAMP_WAKE_SENT] >= last_on_ns);
        last_on_ns = stamps_ns[MUSTER_STAMP_ON];
        for (uint32_t later = i + 1; later < COUNT; later++)
            if (later != BSP)
                assert_int_equal(muster_cpu_state(&fake->machine, later), MUSTER_CPU_ABSENT);
    }
}

static void nobody_else_is_sent_anything(void **state)
{
    struct fake_machine *fake = *state;
    assert_int_equal(bring_up(fake, SOME, false), MUSTER_OK);
    for (uint32_t i = 0; i < fake->send_count; i++) {
        assert_int_equal(fake->sends[i].dest, fake->cpus[SOME].apic_id);
        assert_int_equal(fake->sends[i].command & ICR_ALL_BUT_SELF, 0);
    }
}

static void classic_delays_are_kept_and_the_sipi_comes_twice(void **state)
{
    struct fake_machine *fake = *state;
    assert_int_equal(bring_up(fake, SOME, true), MUSTER_OK);
    const struct fake_send *sends = fake->sends;
    assert_true(fake->send_count >= 3);
    assert_int_equal(sends[0].command & ICR_DELIVERY_MODE, ICR_INIT);
    assert_int_equal(sends[1].command & ICR_DELIVERY_MODE, ICR_SIPI);
    assert_int_equal(sends[2].command & ICR_DELIVERY_MODE, ICR_SIPI);
    assert_true(sends[1].time_ns - sends[0].time_ns >= 10 * MS);
    assert_true(sends[2].time_ns - sends[1].time_ns >= 200 * FAKE_US);
}

static void serial_start_up_waits_for_nothing_but_the_cpu(void **state)
{
    struct fake_machine *fake = *state;
    fake_set_processor(fake, "GenuineIntel", 6);
    assert_int_equal(bring_up(fake, SOME, false), MUSTER_OK);
    assert_true(fake->sends[1].time_ns - fake->sends[0].time_ns < MS);
    assert_int_equal(fake->cpus[SOME].sipis, 1);
}

static void early_start_is_used_like_any_other(void **state)
{
    struct fake_machine *fake = *state;
    const struct muster_start given = {entry, NULL, 0x880010, NULL};
    uint32_t id = fake->cpus[SOME].apic_id;
    assert_int_equal(muster_cpu_on_arrival(&fake->machine, id, &given), MUSTER_OK);
    assert_int_equal(bring_up(fake, SOME, false), MUSTER_OK);
    assert_int_equal(muster_cpu_state(&fake->machine, SOME), MUSTER_CPU_ON);
    assert_int_equal(fake->cpus[SOME].place, FAKE_ENTERED);
    assert_int_equal(fake->slots[SOME].start.stack_top, given.stack_top);
}

static void late_init_that_swallows_the_sipi_costs_a_repeat_here_too(void **state)
{
    struct fake_machine *fake = *state;
    fake_set_processor(fake, "GenuineIntel", 6);
    fake->cpus[SOME].init_ns = 150 * FAKE_US;
    assert_int_equal(bring_up(fake, SOME, false), MUSTER_OK);
}

static void dead_cpu_costs_its_time_out_and_is_failed(void **state)
{
    struct fake_machine *fake = *state;
    fake->cpus[SOME].dead = true;
    uint64_t begin_ns = fake->now_ns;
    assert_int_equal(bring_up(fake, SOME, false), MUSTER_TIME_OUT);
    assert_true(fake->now_ns - begin_ns < 2 * FAKE_S);
    assert_int_equal(muster_cpu_state(&fake->machine, SOME), MUSTER_CPU_FAILED);
    assert_int_not_equal(fake->slots[SOME].failure, MUSTER_OK);
    assert_int_equal(bring_up(fake, SOME + 1, false), MUSTER_OK);
}

static void who_may_not_be_brought_up_is_left_alone(void **state)
{
    struct fake_machine *fake = *state;
    assert_int_equal(muster_cpu_bring_up(&fake->machine, &fake->plan, 0xABCD, false, FAKE_S),
                     MUSTER_UNKNOWN_CPU);
    assert_int_equal(bring_up(fake, BSP, false), MUSTER_DENIED);
    fake->machine.cpus[SOME].enabled = false;
    assert_int_equal(bring_up(fake, SOME, false), MUSTER_DENIED);
    fake->machine.cpus[SOME].enabled = true;
    assert_int_equal(fake->send_count, 0);
    assert_int_equal(bring_up(fake, SOME, false), MUSTER_OK);
    assert_int_equal(bring_up(fake, SOME, false), MUSTER_DENIED);
}

static void mailbox_calls_one_by_one_and_knows_no_delays(void **state)
{
    struct fake_machine *fake = *state;
    assert_int_equal(bring_up(fake, SOME, true), MUSTER_NOT_SUPPORTED);
    assert_int_equal(fake->command_count, 0);
    assert_int_equal(bring_up(fake, SOME, false), MUSTER_OK);
    assert_int_equal(fake->command_count, 1);
    assert_int_equal(fake->commands[0].apic_id, fake->cpus[SOME].apic_id);
}

static void machine_without_broadcasts_gets_a_message_to_each(void **state)
{
    struct fake_machine *fake = *state;
    fake->machine.config.no_broadcast = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_true(fake->send_count >= 3 * (COUNT - 1));
    for (uint32_t i = 0; i < fake->send_count; i++)
        assert_int_equal(fake->sends[i].command & ICR_ALL_BUT_SELF, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_cpu_is_on_before_the_next_is_sent_for, by_sipi,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nobody_else_is_sent_anything, by_sipi, tear_down),
        cmocka_unit_test_setup_teardown(classic_delays_are_kept_and_the_sipi_comes_twice, by_sipi,
                                        tear_down),
        cmocka_unit_test_setup_teardown(serial_start_up_waits_for_nothing_but_the_cpu, by_sipi,
                                        tear_down),
        cmocka_unit_test_setup_teardown(early_start_is_used_like_any_other, by_sipi, tear_down),
        cmocka_unit_test_setup_teardown(late_init_that_swallows_the_sipi_costs_a_repeat_here_too,
                                        by_sipi, tear_down),
        cmocka_unit_test_setup_teardown(dead_cpu_costs_its_time_out_and_is_failed, by_sipi,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_may_not_be_brought_up_is_left_alone, by_sipi,
                                        tear_down),
        cmocka_unit_test_setup_teardown(mailbox_calls_one_by_one_and_knows_no_delays, by_mailbox,
                                        tear_down),
        cmocka_unit_test_setup_teardown(machine_without_broadcasts_gets_a_message_to_each, by_sipi,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
