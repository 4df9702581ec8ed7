#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/cpu/mtrr.h"
#include "tests/unit/fake_machine.h"

#define PAIRS 10

/* SDM vol. 4, spelled out again. */
static const uint32_t fixed_msrs[] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26A,
                                      0x26B, 0x26C, 0x26D, 0x26E, 0x26F};

/* Of a pair in use, the mask has bit 11. */
static uint64_t value_of(uint32_t msr)
{
    return 0x0606060600000800 + msr;
}

static int set_up(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, 1);

    *fake_msr(fake, 0xFE) = MTRRCAP_FIX | PAIRS;
    *fake_msr(fake, 0x2FF) = 0xC06;
    for (unsigned i = 0; i < sizeof(fixed_msrs) / sizeof(fixed_msrs[0]); i++)
        *fake_msr(fake, fixed_msrs[i]) = value_of(fixed_msrs[i]);
    for (uint32_t i = 0; i < 2 * PAIRS; i++)
        *fake_msr(fake, 0x200 + i) = value_of(0x200 + i);
    *state = fake;
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static uint32_t write_mtrrs(const struct fake_machine *fake,
                            const struct muster_cpu_profile *profile)
{
    struct muster_mtrr_list list;
    mtrr_list_make(profile, &list);
    return mtrr_write(&fake->platform, &list);
}

static void every_range_is_read(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_cpu_profile profile = {0};
    uint32_t msrs = fake->msr_count;

    mtrr_read(&fake->platform, &profile);
    assert_int_equal(profile.mtrr_cap, MTRRCAP_FIX | PAIRS);
    assert_int_equal(profile.mtrr_def_type, 0xC06);
    for (unsigned i = 0; i < MUSTER_MTRR_FIXED; i++)
        assert_int_equal(profile.mtrr_fixed[i], value_of(fixed_msrs[i]));
    for (uint32_t i = 0; i < 2 * PAIRS; i++)
        assert_int_equal(profile.mtrr_variable[i], value_of(0x200 + i));
    for (uint32_t i = 2 * PAIRS; i < 2 * MUSTER_MTRR_VARIABLE_MAX; i++)
        assert_int_equal(profile.mtrr_variable[i], 0);
    assert_int_equal(fake->msr_count, msrs); /* none that does not exist was touched */
    assert_int_equal(fake->msr_writes, 0);
}

static void processor_without_fixed_ranges_is_not_asked_for_them(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_cpu_profile profile = {0};

    *fake_msr(fake, 0xFE) = 2;
    mtrr_read(&fake->platform, &profile);
    for (unsigned i = 0; i < MUSTER_MTRR_FIXED; i++)
        assert_int_equal(profile.mtrr_fixed[i], 0);
    assert_int_equal(profile.mtrr_variable[3], value_of(0x203));
    assert_int_equal(profile.mtrr_variable[4], 0);
    assert_true(mtrr_equal(&fake->platform, &profile));
    *fake_msr(fake, 0x250) = 1; /* whatever it is, it is none of theirs */
    assert_true(mtrr_equal(&fake->platform, &profile));
    assert_int_equal(write_mtrrs(fake, &profile), 4 + 1);
    assert_int_equal(*fake_msr(fake, 0x250), 1);
}

static void counts_follow_mtrrcap_and_have_a_bound(void **state)
{
    (void)state;
    assert_int_equal(mtrr_fixed_count(0x508), 11);
    assert_int_equal(mtrr_fixed_count(0x408), 0);
    assert_int_equal(mtrr_variable_count(0x508), 16);
    assert_int_equal(mtrr_variable_count(0x500), 0);
    assert_int_equal(mtrr_variable_count(0x5FF), 2 * MUSTER_MTRR_VARIABLE_MAX);
}

static void any_register_that_differs_is_noticed(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_cpu_profile profile = {0};

    mtrr_read(&fake->platform, &profile);
    assert_true(mtrr_equal(&fake->platform, &profile));
    for (uint32_t i = 0; i < fake->msr_count; i++) {
        if (fake->msr_number[i] == 0xFE)
            continue;
        fake->msr_value[i] ^= 1ull << 40;
        assert_false(mtrr_equal(&fake->platform, &profile));
        fake->msr_value[i] ^= 1ull << 40;
    }
    assert_true(mtrr_equal(&fake->platform, &profile));
    assert_int_equal(fake->msr_writes, 0);
}

static void what_an_unused_pair_holds_means_nothing(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_cpu_profile profile = {0};

    *fake_msr(fake, 0x205) = 0x7FF; /* its mask, without bit 11 */
    mtrr_read(&fake->platform, &profile);
    assert_int_equal(profile.mtrr_variable[4], 0);
    assert_int_equal(profile.mtrr_variable[5], 0);
    *fake_msr(fake, 0x204) = 1;
    *fake_msr(fake, 0x205) = 2;
    assert_true(mtrr_equal(&fake->platform, &profile));
    *fake_msr(fake, 0x205) = 0x800;
    assert_false(mtrr_equal(&fake->platform, &profile));
}

static void cpu_with_others_gets_all_of_them(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_cpu_profile profile = {0};

    *fake_msr(fake, 0x203) = 0; /* of a pair that is not in use: its mask alone is written */
    mtrr_read(&fake->platform, &profile);
    *fake_msr(fake, 0x250) = 7;
    *fake_msr(fake, 0x26F) = 8;
    *fake_msr(fake, 0x200) = 9;
    *fake_msr(fake, 0x202) = 11;
    *fake_msr(fake, 0x203) = 0x80B;
    *fake_msr(fake, 0x200 + 2 * PAIRS - 1) = 0x80A;
    assert_int_equal(write_mtrrs(fake, &profile), MUSTER_MTRR_FIXED + 2 * PAIRS - 1 + 1);
    assert_int_equal(fake->msr_writes, 1 + MUSTER_MTRR_FIXED + 2 * PAIRS - 1 + 1); /* off, first */
    assert_true(mtrr_equal(&fake->platform, &profile));
    assert_int_equal(*fake_msr(fake, 0x202), 11);
    assert_int_equal(*fake_msr(fake, 0x203), 0);
}

/* Firmware that was interrupted in between may leave it so, and a processor's INIT keeps it. */
static void pair_that_is_valid_while_all_are_disabled_is_taken_out_of_use(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_cpu_profile profile = {0};

    *fake_msr(fake, 0x205) = 0;
    mtrr_read(&fake->platform, &profile);
    *fake_msr(fake, 0x2FF) = 0;
    *fake_msr(fake, 0x205) = 0xFF80000800;
    assert_int_equal(write_mtrrs(fake, &profile), MUSTER_MTRR_FIXED + 2 * PAIRS - 1 + 1);
    assert_int_equal(fake->msr_writes, MUSTER_MTRR_FIXED + 2 * PAIRS - 1 + 1); /* they were off */
    assert_int_equal(*fake_msr(fake, 0x205), 0);
    assert_int_equal(*fake_msr(fake, 0x2FF), 0xC06);
    assert_true(mtrr_equal(&fake->platform, &profile));
}

/* In front of the fake's own: ranges may be written only while all are disabled. */
static void write_while_disabled(void *context, uint32_t msr, uint64_t value)
{
    struct fake_machine *fake = context;

    assert_true(msr == 0x2FF || !(*fake_msr(fake, 0x2FF) & MTRR_DEF_TYPE_ENABLE));
    fake_msr_write(context, msr, value);
}

static void ranges_are_written_while_all_are_disabled(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_cpu_profile profile = {0};

    mtrr_read(&fake->platform, &profile);
    fake->platform.msr_write = write_while_disabled;
    *fake_msr(fake, 0x259) = 7;
    *fake_msr(fake, 0x203) = 9;
    (void)write_mtrrs(fake, &profile);
    assert_int_equal(*fake_msr(fake, 0x2FF), 0xC06);
    assert_true(mtrr_equal(&fake->platform, &profile));
}

static void pat_is_written_with_them_and_the_default_type_last(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_cpu_profile profile = {.has_pat = true, .pat = 0x0007040600070406};
    struct muster_mtrr_list list;

    mtrr_read(&fake->platform, &profile);
    mtrr_list_make(&profile, &list);
    assert_int_equal(list.count, 1 + MUSTER_MTRR_FIXED + 2 * PAIRS + 1);
    assert_int_equal(list.msrs[0].msr, 0x277);
    assert_int_equal(list.msrs[list.count - 1].msr, 0x2FF);
    (void)mtrr_write(&fake->platform, &list);
    assert_int_equal(*fake_msr(fake, 0x277), 0x0007040600070406);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_range_is_read),
        TEST(processor_without_fixed_ranges_is_not_asked_for_them),
        cmocka_unit_test(counts_follow_mtrrcap_and_have_a_bound),
        TEST(any_register_that_differs_is_noticed),
        TEST(what_an_unused_pair_holds_means_nothing),
        TEST(cpu_with_others_gets_all_of_them),
        TEST(pair_that_is_valid_while_all_are_disabled_is_taken_out_of_use),
        TEST(ranges_are_written_while_all_are_disabled),
        TEST(pat_is_written_with_them_and_the_default_type_last),
    };

    return cmocka_run_group_tests_name("mtrr", tests, NULL, NULL);
}
