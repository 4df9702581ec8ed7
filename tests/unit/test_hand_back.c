#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_machine.h"

#define COUNT 6
#define SOME  1 /* an AP: the BSP is COUNT / 2 */

static int set_up(void **state)
{
    struct fake_machine *fake = fake_mailbox_machine(COUNT, 1);

    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    *state = fake;
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static enum muster_status hand_back(struct fake_machine *fake, uint32_t index, bool firmware_kept)
{
    return muster_cpu_hand_back(&fake->machine, &fake->plan, fake->cpus[index].apic_id,
                                firmware_kept, FAKE_S);
}

static bool in_firmware(const struct fake_machine *fake)
{
    return muster_ap_in_firmware(&fake->machine, &fake->plan);
}

static void parked_cpu_goes_back_and_answers_test(void **state)
{
    struct fake_machine *fake = *state;
    uint64_t now_ns = fake->now_ns;

    fake->command_count = 0;
    assert_int_equal(hand_back(fake, SOME, true), MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_ABSENT, MUSTER_OK);
    assert_int_equal(fake->cpus[SOME].place, FAKE_IN_FIRMWARE);
    assert_true(fake->command_count > 0);
    for (uint32_t i = 0; i < fake->command_count; i++) {
        assert_int_equal(fake->commands[i].command, MAILBOX_TEST);
        assert_int_equal(fake->commands[i].apic_id, fake->cpus[SOME].apic_id);
    }
    assert_true(fake->now_ns - now_ns >= fake->cpus[SOME].return_ns); /* it was there to answer */
    assert_true(fake->now_ns - now_ns < FAKE_MS);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 2);
}

static void cpu_comes_again_after_each_hand_back(void **state)
{
    struct fake_machine *fake = *state;

    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(hand_back(fake, SOME, true), MUSTER_OK);
        assert_true(in_firmware(fake));
        assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
        assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
        assert_ptr_equal(fake->cpus[SOME].slot, &fake->slots[SOME]);
        assert_false(in_firmware(fake));
    }
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), COUNT);
    assert_int_equal(fake->machine.strays.value, 0);
}

static void all_cpus_go_back_one_by_one(void **state)
{
    struct fake_machine *fake = *state;

    for (uint32_t i = 0; i < COUNT; i++)
        if (i != fake->machine.bsp)
            assert_int_equal(hand_back(fake, i, true), MUSTER_OK);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ABSENT), COUNT - 1);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(fake_count(fake, MUSTER_CPU_OFF), COUNT - 1);
}

static void unknown_cpu_is_named(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(muster_cpu_hand_back(&fake->machine, &fake->plan, 200, true, FAKE_S),
                     MUSTER_UNKNOWN_CPU);
}

static void cpu_that_is_not_parked_is_denied(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(hand_back(fake, fake->machine.bsp, true), MUSTER_DENIED);
    assert_int_equal(hand_back(fake, SOME, true), MUSTER_OK);
    assert_int_equal(hand_back(fake, SOME, true), MUSTER_DENIED); /* it is gone already */
    assert_cpu(fake, SOME, MUSTER_CPU_ABSENT, MUSTER_OK);
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_int_equal(hand_back(fake, 0, true), MUSTER_DENIED);
    assert_cpu(fake, 0, MUSTER_CPU_ON, MUSTER_OK);
}

static void machine_without_reset_vector_is_named(void **state)
{
    struct fake_machine *fake = fake_mailbox_machine(COUNT, 0);

    (void)state;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_int_equal(hand_back(fake, SOME, true), MUSTER_ERROR_NO_RESET_VECTOR);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
    fake_machine_free(fake);
}

static void reclaimed_firmware_is_named(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(hand_back(fake, SOME, false), MUSTER_ERROR_FIRMWARE_RECLAIMED);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
    assert_int_equal(fake->cpus[SOME].interrupts, 0);
}

/* It left, and nobody knows where it is: custody must go on. */
static void cpu_that_left_and_is_silent_fails_and_may_be_in_the_firmware(void **state)
{
    struct fake_machine *fake = *state;
    uint64_t now_ns = fake->now_ns;

    fake->cpus[SOME].silent_to_test = true;
    assert_int_equal(hand_back(fake, SOME, true), MUSTER_TIME_OUT);
    assert_int_equal(fake->now_ns - now_ns, FAKE_S);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_TIME_OUT);
    assert_int_equal(fake->mailbox->command, MAILBOX_NOOP);
    assert_true(in_firmware(fake));
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_TIME_OUT);
    /* If it is there after all, a wake brings it in again. */
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
    assert_int_equal(fake->machine.strays.value, 0);
}

static void cpu_that_never_left_is_still_parked(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].deaf = true;
    assert_int_equal(hand_back(fake, SOME, true), MUSTER_TIME_OUT);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_TIME_OUT);
    assert_false(in_firmware(fake));
    fake->cpus[SOME].deaf = false;
    fake_at(fake, 1, fake_step, &fake->cpus[SOME], 0); /* wakes, and is told nothing any more */
    fake_pass(fake, FAKE_S);
    assert_int_equal(fake->cpus[SOME].place, FAKE_PARKED);
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
    assert_int_equal(muster_start(&fake->machine, NULL, 0, FAKE_S), MUSTER_OK);
    assert_int_equal(fake_count(fake, MUSTER_CPU_ON), COUNT);
}

static void answer_from_somebody_else_is_no_answer(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].deaf = true;
    fake_at(fake, FAKE_MS, fake_acknowledge_again, NULL, 0);
    assert_int_equal(hand_back(fake, SOME, true), MUSTER_TIME_OUT);
    assert_cpu(fake, SOME, MUSTER_CPU_FAILED, MUSTER_TIME_OUT);
    assert_false(in_firmware(fake));
}

/* Told to leave first, it would be where nobody can ask for it. */
static void cpu_stays_off_where_the_mailbox_is_busy(void **state)
{
    struct fake_machine *fake = *state;

    fake->mailbox->command = MAILBOX_WAKEUP;
    fake->mailbox->apic_id = 0x4444;
    assert_int_equal(hand_back(fake, SOME, true), MUSTER_ERROR_MAILBOX_BUSY);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
    assert_int_equal(fake->cpus[SOME].place, FAKE_PARKED);
    assert_int_equal(fake->cpus[SOME].interrupts, 0);
    assert_false(in_firmware(fake));
    assert_int_equal(fake->mailbox->apic_id, 0x4444);
    fake->mailbox->command = MAILBOX_NOOP;
    assert_int_equal(hand_back(fake, SOME, true), MUSTER_OK);
}

static void cpu_stays_off_where_the_mailbox_is_gone(void **state)
{
    struct fake_machine *fake = *state;

    fake->machine.mailbox.mailbox_phys = 0x5000;
    assert_int_equal(hand_back(fake, SOME, true), MUSTER_ERROR_MAILBOX_ADDRESS);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
    assert_int_equal(fake->cpus[SOME].interrupts, 0);
}

static void interrupt_that_cannot_be_sent_leaves_the_cpu_off(void **state)
{
    struct fake_machine *fake = *state;

    fake->icr_stuck = true;
    assert_int_equal(hand_back(fake, SOME, true), MUSTER_ERROR_APIC_STUCK);
    assert_cpu(fake, SOME, MUSTER_CPU_OFF, MUSTER_OK);
    assert_false(in_firmware(fake));
    fake->icr_stuck = false;
    fake_pass(fake, FAKE_S); /* and it does not leave later on */
    assert_int_equal(fake->cpus[SOME].place, FAKE_PARKED);
    assert_int_equal(hand_back(fake, SOME, true), MUSTER_OK);
}

/* It was awake: it took the word, and the interrupt was never needed. */
static void cpu_that_leaves_without_its_interrupt_is_handed_back(void **state)
{
    struct fake_machine *fake = *state;

    fake->icr_stuck = true;
    fake_at(fake, FAKE_MS, fake_step, &fake->cpus[SOME], 0);
    assert_int_equal(hand_back(fake, SOME, true), MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_ABSENT, MUSTER_OK);
}

static void bsp_that_is_off_is_not_the_firmwares(void **state)
{
    struct fake_machine *fake = *state;
    uint32_t bsp = fake->machine.bsp;

    fake->slots[bsp].state.value = MUSTER_CPU_OFF;
    assert_int_equal(hand_back(fake, bsp, true), MUSTER_DENIED);
    assert_cpu(fake, bsp, MUSTER_CPU_OFF, MUSTER_OK);
}

static void hand_back_may_wait_for_ever(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpus[SOME].return_ns = 1000 * FAKE_S;
    assert_int_equal(muster_cpu_hand_back(&fake->machine, &fake->plan, fake->cpus[SOME].apic_id,
                                          true, MUSTER_FOREVER),
                     MUSTER_OK);
    assert_cpu(fake, SOME, MUSTER_CPU_ABSENT, MUSTER_OK);
}

/* Custody's question. */

static void custody_goes_on_until_the_last_cpu_has_arrived(void **state)
{
    struct fake_machine *fake = fake_mailbox_machine(COUNT, 1);

    (void)state;
    assert_true(in_firmware(fake));
    fake->cpus[SOME].load_ns = 1500 * FAKE_MS;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_true(in_firmware(fake));
    fake_pass(fake, FAKE_S);
    assert_false(
        in_firmware(fake)); /* late, but on its own tables: it needs the firmware no more */
    fake_machine_free(fake);
}

static void absent_cpus_and_the_bsp_are_not_in_the_firmware(void **state)
{
    struct fake_machine *fake = *state;

    assert_false(in_firmware(fake));
    fake->slots[fake->machine.bsp].arrived.value = 0;
    assert_false(in_firmware(fake));
    fake->slots[SOME].arrived.value = 0;
    assert_true(in_firmware(fake));
    fake->machine.cpus[SOME].enabled = false;
    assert_false(in_firmware(fake));
}

static void cpu_that_init_did_not_reach_is_in_the_firmware_too(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, COUNT);

    (void)state;
    fake_mailbox_add(fake, 1);
    fake_prepare(fake, MUSTER_WAY_SIPI); /* asked for */
    fake->cpus[SOME].dead = true;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_TIME_OUT);
    assert_true(in_firmware(fake));
    fake->machine.mailbox.present = false; /* without a mailbox there is no loop */
    assert_false(in_firmware(fake));
    fake_machine_free(fake);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(parked_cpu_goes_back_and_answers_test),
        TEST(cpu_comes_again_after_each_hand_back),
        TEST(all_cpus_go_back_one_by_one),
        TEST(unknown_cpu_is_named),
        TEST(cpu_that_is_not_parked_is_denied),
        cmocka_unit_test(machine_without_reset_vector_is_named),
        TEST(reclaimed_firmware_is_named),
        TEST(cpu_that_left_and_is_silent_fails_and_may_be_in_the_firmware),
        TEST(cpu_that_never_left_is_still_parked),
        TEST(answer_from_somebody_else_is_no_answer),
        TEST(cpu_stays_off_where_the_mailbox_is_busy),
        TEST(cpu_stays_off_where_the_mailbox_is_gone),
        TEST(interrupt_that_cannot_be_sent_leaves_the_cpu_off),
        TEST(cpu_that_leaves_without_its_interrupt_is_handed_back),
        TEST(bsp_that_is_off_is_not_the_firmwares),
        TEST(hand_back_may_wait_for_ever),
        cmocka_unit_test(custody_goes_on_until_the_last_cpu_has_arrived),
        TEST(absent_cpus_and_the_bsp_are_not_in_the_firmware),
        cmocka_unit_test(cpu_that_init_did_not_reach_is_in_the_firmware_too),
    };

    return cmocka_run_group_tests_name("hand back", tests, NULL, NULL);
}
