#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_machine.h"

#define AP 0

static int set_up(void **state)
{
    struct fake_machine *fake = fake_sipi_machine(2);
    struct muster_slot *slot = &fake->slots[AP];

    fake->current = &fake->cpus[AP];
    slot->state.value = MUSTER_CPU_ADOPT_PENDING;
    slot->first_tsc = (FAKE_S + 100) * FAKE_TSC_PER_NS;
    slot->long_mode_tsc = (FAKE_S + 200) * FAKE_TSC_PER_NS;
    fake->now_ns = FAKE_S + 300;
    *state = fake;
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static void arrival_is_off_with_its_stamps(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_slot *slot = &fake->slots[AP];

    assert_true(park_arrive(slot, MUSTER_OK));
    assert_cpu(fake, AP, MUSTER_CPU_OFF, MUSTER_OK);
    assert_int_equal(slot->arrived.value, 1);
    assert_int_equal(slot->stamps_ns[MUSTER_STAMP_FIRST_INSTRUCTION], FAKE_S + 100);
    assert_int_equal(slot->stamps_ns[MUSTER_STAMP_LONG_MODE], FAKE_S + 200);
    assert_int_equal(slot->stamps_ns[MUSTER_STAMP_OWN_TABLES], FAKE_S + 300);
    assert_int_equal(slot->stamps_ns[MUSTER_STAMP_PARKED], FAKE_S + 300);
    assert_int_equal(slot->stamps_ns[MUSTER_STAMP_ON], 0);
}

static void late_arrival_parks_and_stays_failed(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_slot *slot = &fake->slots[AP];

    slot->state.value = MUSTER_CPU_FAILED;
    slot->failure = MUSTER_ERROR_NOT_ARRIVED;
    assert_true(park_arrive(slot, MUSTER_OK));
    assert_cpu(fake, AP, MUSTER_CPU_FAILED, MUSTER_ERROR_NOT_ARRIVED);
    assert_int_equal(slot->arrived.value, 1);
}

static void cpu_in_another_ones_slot_is_refused(void **state)
{
    struct fake_machine *fake = *state;

    fake->slots[AP].firmware_levels = 4; /* it was sent there */
    fake->cpus[AP].live_id ^= 0x40;
    assert_false(park_arrive(&fake->slots[AP], MUSTER_OK));
    assert_cpu(fake, AP, MUSTER_CPU_FAILED, MUSTER_ERROR_WRONG_APIC_ID);
    assert_int_equal(fake->slots[AP].arrived.value, 0);
}

static void cpu_that_lacks_a_feature_is_refused(void **state)
{
    struct fake_machine *fake = *state;

    assert_false(park_arrive(&fake->slots[AP], MUSTER_ERROR_FEATURES_DIFFER));
    assert_cpu(fake, AP, MUSTER_CPU_FAILED, MUSTER_ERROR_FEATURES_DIFFER);
    assert_int_equal(fake->slots[AP].arrived.value, 0);
}

static void parked_cpu_that_is_told_nothing_sleeps(void **state)
{
    struct fake_machine *fake = *state;

    assert_true(park_arrive(&fake->slots[AP], MUSTER_OK));
    assert_int_equal(park_step(&fake->slots[AP]), PARK_STEP_SLEEP);
    assert_cpu(fake, AP, MUSTER_CPU_OFF, MUSTER_OK);
}

static void parked_cpu_that_is_started_is_on_and_takes_the_command_once(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_slot *slot = &fake->slots[AP];

    slot->state.value = MUSTER_CPU_ON_PENDING;
    slot->command.value = PARK_START;
    assert_int_equal(park_step(slot), PARK_STEP_ENTER);
    assert_cpu(fake, AP, MUSTER_CPU_ON, MUSTER_OK);
    assert_int_equal(slot->command.value, PARK_STAY);
    assert_int_equal(slot->stamps_ns[MUSTER_STAMP_ON], fake->now_ns);
    assert_int_equal(park_step(slot), PARK_STEP_SLEEP);
}

/* Its stack may be somebody else's by now. */
static void cpu_whose_start_was_taken_back_does_not_start(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_slot *slot = &fake->slots[AP];

    slot->state.value = MUSTER_CPU_FAILED;
    slot->command.value = PARK_STAY;
    assert_int_equal(park_step(slot), PARK_STEP_SLEEP);
    assert_int_equal(slot->state.value, MUSTER_CPU_FAILED);
    assert_int_equal(slot->stamps_ns[MUSTER_STAMP_ON], 0);
    assert_int_equal(fake->machine.on_count.value, 1);
}

static void hand_back_is_taken_once(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_slot *slot = &fake->slots[AP];

    slot->state.value = MUSTER_CPU_OFF_PENDING;
    slot->command.value = PARK_HAND_BACK;
    assert_int_equal(park_step(slot), PARK_STEP_LEAVE);
    assert_int_equal(slot->command.value, PARK_STAY);
    assert_int_equal(park_step(slot), PARK_STEP_SLEEP);
}

static unsigned sleeps;

static void start_at_the_third_sleep(struct fake_machine *fake)
{
    assert_cpu(fake, AP, sleeps < 3 ? MUSTER_CPU_OFF : MUSTER_CPU_ON_PENDING, MUSTER_OK);
    assert_true(fake_has_gone_nowhere());
    if (++sleeps == 3) {
        fake->slots[AP].state.value = MUSTER_CPU_ON_PENDING;
        fake->slots[AP].command.value = PARK_START;
    }
    assert_true(sleeps <= 3);
}

static void entered_cpu_loads_its_state_parks_and_starts(void **state)
{
    struct fake_machine *fake = *state;

    sleeps = 0;
    fake->loads = 0;
    fake->on_sleep = start_at_the_third_sleep;
    if (setjmp(fake_gone) == 0)
        park_enter(&fake->slots[AP]);
    assert_ptr_equal(fake_gone_slot, &fake->slots[AP]);
    assert_int_equal(sleeps, 3);
    assert_int_equal(fake->loads, 1);
    assert_int_equal(fake->slots[AP].gs_base, (uint64_t)&fake->slots[AP]); /* while parked */
    assert_cpu(fake, AP, MUSTER_CPU_ON, MUSTER_OK);
}

static void send_back_at_once(struct fake_machine *fake)
{
    assert_int_equal(sleeps++, 0);
    fake->slots[AP].command.value = PARK_HAND_BACK;
}

static void entered_cpu_leaves_to_the_reset_vector(void **state)
{
    struct fake_machine *fake = *state;

    sleeps = 0;
    fake->machine.mailbox.reset_vector_phys = 0x12345678;
    fake->on_sleep = send_back_at_once;
    if (setjmp(fake_gone) == 0)
        park_enter(&fake->slots[AP]);
    assert_int_equal(fake_gone_to, 0x12345678);
    assert_null(fake_gone_slot);
}

static jmp_buf had_enough;

static void try_to_start_a_refused_one(struct fake_machine *fake)
{
    assert_true(fake_has_gone_nowhere());
    fake->slots[AP].state.value = MUSTER_CPU_ON_PENDING;
    fake->slots[AP].command.value = sleeps % 2 ? PARK_START : PARK_HAND_BACK;
    if (++sleeps == 10)
        longjmp(had_enough, 1);
}

static void refused_cpu_never_goes_anywhere(void **state)
{
    struct fake_machine *fake = *state;

    sleeps = 0;
    fake->cpus[AP].load_status = MUSTER_ERROR_FEATURES_DIFFER;
    fake->on_sleep = try_to_start_a_refused_one;
    if (setjmp(fake_gone) == 0 && setjmp(had_enough) == 0)
        park_enter(&fake->slots[AP]);
    assert_true(fake_has_gone_nowhere());
    assert_int_equal(sleeps, 10);
    assert_int_equal(fake->slots[AP].failure, MUSTER_ERROR_FEATURES_DIFFER);
}

#define HINT 0x21 /* C3, its second sub-state */

static void start_by_mwait(const struct muster_word *word)
{
    struct muster_slot *slot = (void *)((uint8_t *)word - offsetof(struct muster_slot, command));

    assert_int_equal(fake_mwait_hint, HINT);
    if (++sleeps == 3) {
        slot->state.value = MUSTER_CPU_ON_PENDING;
        slot->command.value = PARK_START;
    }
    assert_true(sleeps <= 3);
}

static void cpu_that_has_mwait_sleeps_by_it_on_its_own_word(void **state)
{
    struct fake_machine *fake = *state;

    sleeps = 0;
    fake->cpuid_1[2] = CPUID_1_ECX_MONITOR;
    fake->machine.config.park_method = MUSTER_PARK_MWAIT;
    fake->machine.config.mwait_hint = HINT;
    fake_on_mwait = start_by_mwait;
    if (setjmp(fake_gone) == 0)
        park_enter(&fake->slots[AP]);
    assert_ptr_equal(fake_gone_slot, &fake->slots[AP]);
    assert_int_equal(sleeps, 3);
    assert_int_equal(fake->slots[AP].park_method, MUSTER_PARK_MWAIT);
    fake_on_mwait = NULL;
}

static void cpu_that_lacks_mwait_sleeps_by_the_hook(void **state)
{
    struct fake_machine *fake = *state;

    sleeps = 0;
    fake->machine.config.park_method = MUSTER_PARK_MWAIT;
    fake->on_sleep = start_at_the_third_sleep;
    if (setjmp(fake_gone) == 0)
        park_enter(&fake->slots[AP]);
    assert_int_equal(sleeps, 3);
    assert_int_equal(fake->slots[AP].park_method, MUSTER_PARK_HLT);
}

static void states_and_stamps_have_the_names_that_reports_use(void **state)
{
    static const char *const states[] = {"absent", "adopt-pending", "off",   "on-pending",
                                         "on",     "off-pending",   "failed"};
    static const char *const stamps[] = {
        "wake_sent", "first_instruction", "long_mode", "own_tables", "parked", "on"};

    (void)state;
    for (unsigned i = 0; i <= MUSTER_CPU_FAILED; i++)
        assert_string_equal(muster_cpu_state_name((enum muster_cpu_state)i), states[i]);
    assert_string_equal(muster_cpu_state_name((enum muster_cpu_state)7), "unknown");
    assert_string_equal(muster_cpu_state_name((enum muster_cpu_state) - 1), "unknown");
    for (unsigned i = 0; i < MUSTER_STAMP_COUNT; i++)
        assert_string_equal(muster_stamp_name((enum muster_stamp)i), stamps[i]);
    assert_string_equal(muster_stamp_name(MUSTER_STAMP_COUNT), "unknown");
    assert_string_equal(muster_park_method_name(MUSTER_PARK_AUTO), "auto");
    assert_string_equal(muster_park_method_name(MUSTER_PARK_HLT), "hlt");
    assert_string_equal(muster_park_method_name(MUSTER_PARK_MWAIT), "mwait");
    assert_string_equal(muster_park_method_name(MUSTER_PARK_TDCALL), "tdcall");
    assert_string_equal(muster_park_method_name((enum muster_park_method)4), "unknown");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(arrival_is_off_with_its_stamps),
        TEST(late_arrival_parks_and_stays_failed),
        TEST(cpu_in_another_ones_slot_is_refused),
        TEST(cpu_that_lacks_a_feature_is_refused),
        TEST(parked_cpu_that_is_told_nothing_sleeps),
        TEST(parked_cpu_that_is_started_is_on_and_takes_the_command_once),
        TEST(cpu_whose_start_was_taken_back_does_not_start),
        TEST(hand_back_is_taken_once),
        TEST(entered_cpu_loads_its_state_parks_and_starts),
        TEST(entered_cpu_leaves_to_the_reset_vector),
        TEST(refused_cpu_never_goes_anywhere),
        TEST(cpu_that_has_mwait_sleeps_by_it_on_its_own_word),
        TEST(cpu_that_lacks_mwait_sleeps_by_the_hook),
        cmocka_unit_test(states_and_stamps_have_the_names_that_reports_use),
    };

    return cmocka_run_group_tests_name("park", tests, NULL, NULL);
}
