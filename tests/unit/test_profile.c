#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_machine.h"

/* Every byte different from zero, so that a field that is not looked at shows. */
static struct muster_cpu_profile profile(void)
{
    struct muster_cpu_profile p;

    memset(&p, 0x5A, sizeof(p));
    p.has_pat = p.has_mtrr = p.x2apic = true;
    return p;
}

static void equal_profiles_have_no_difference(void **state)
{
    struct muster_cpu_profile a = profile();
    struct muster_cpu_profile b = profile();

    (void)state;
    assert_null(muster_cpu_profile_difference(&a, &b));
}

#define ONE_FIELD(field, name)                                                                     \
    do {                                                                                           \
        struct muster_cpu_profile a = profile();                                                   \
        struct muster_cpu_profile b = profile();                                                   \
        b.field = !b.field;                                                                        \
        assert_non_null(muster_cpu_profile_difference(&a, &b));                                    \
        assert_string_equal(muster_cpu_profile_difference(&a, &b), name);                          \
        assert_string_equal(muster_cpu_profile_difference(&b, &a), name);                          \
    } while (0)

static void difference_names_the_one_field_that_differs(void **state)
{
    (void)state;
    ONE_FIELD(cr0, "CR0");
    ONE_FIELD(cr4, "CR4");
    ONE_FIELD(efer, "EFER");
    ONE_FIELD(star, "STAR");
    ONE_FIELD(lstar, "LSTAR");
    ONE_FIELD(fmask, "FMASK");
    ONE_FIELD(has_pat, "PAT's presence");
    ONE_FIELD(has_mtrr, "MTRRs' presence");
    ONE_FIELD(pat, "PAT");
    ONE_FIELD(x2apic, "x2APIC mode");
    ONE_FIELD(apic_svr, "APIC spurious vector");
    ONE_FIELD(mtrr_cap, "MTRRCAP");
    ONE_FIELD(mtrr_def_type, "MTRR default type");
    for (unsigned i = 0; i < MUSTER_MTRR_FIXED; i++)
        ONE_FIELD(mtrr_fixed[i], "fixed-range MTRR");
    for (unsigned i = 0; i < 2 * MUSTER_MTRR_VARIABLE_MAX; i++)
        ONE_FIELD(mtrr_variable[i], "variable-range MTRR");
}

static void difference_sees_the_upper_half_of_a_register(void **state)
{
    struct muster_cpu_profile a = profile();
    struct muster_cpu_profile b = profile();

    (void)state;
    b.pat ^= 1ull << 63;
    assert_string_equal(muster_cpu_profile_difference(&a, &b), "PAT");
}

static const struct {
    uint64_t cr4;
    uint32_t leaf;
    unsigned reg, bit;
} features[] = {
    {1 << 6, 1, 3, 7},   /* MCE */
    {1 << 7, 1, 3, 13},  /* PGE */
    {1 << 16, 7, 1, 0},  /* FSGSBASE */
    {1 << 20, 7, 1, 7},  /* SMEP */
    {1 << 21, 7, 1, 20}, /* SMAP */
    {1 << 11, 7, 2, 2},  /* UMIP */
    {1 << 12, 7, 2, 16}, /* LA57 */
    {1 << 17, 1, 2, 17}, /* PCIDE */
    {1 << 18, 1, 2, 26}, /* OSXSAVE */
    {1 << 22, 7, 2, 3},  /* PKE */
};
#define ALL_FEATURES (MUSTER_CR4_FEATURES | CR4_LA57 | CR4_PCIDE | CR4_OSXSAVE | CR4_PKE)

static int set_up(void **state)
{
    *state = fake_machine_new(NULL, 1);
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static void each_cr4_feature_is_offered_by_its_cpuid_bit_alone(void **state)
{
    struct fake_machine *fake = *state;

    assert_int_equal(cpu_cr4_offered(&fake->platform, ALL_FEATURES), 0);
    for (unsigned i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        uint32_t *leaf = features[i].leaf == 1 ? fake->cpuid_1 : fake->cpuid_7;
        uint32_t before = leaf[features[i].reg];

        leaf[features[i].reg] = 1u << features[i].bit;
        assert_int_equal(cpu_cr4_offered(&fake->platform, ALL_FEATURES), features[i].cr4);
        leaf[features[i].reg] = before;
    }
}

static void only_wanted_features_are_offered(void **state)
{
    struct fake_machine *fake = *state;

    memset(fake->cpuid_1, 0xFF, sizeof(fake->cpuid_1));
    memset(fake->cpuid_7, 0xFF, sizeof(fake->cpuid_7));
    assert_int_equal(cpu_cr4_offered(&fake->platform, CR4_SMEP | CR4_UMIP), CR4_SMEP | CR4_UMIP);
    assert_int_equal(cpu_cr4_offered(&fake->platform, MUSTER_CR4_FEATURES), MUSTER_CR4_FEATURES);
    assert_int_equal(cpu_cr4_offered(&fake->platform, 0), 0);
}

/* Beyond the last leaf a processor answers with anything. */
static void leaf_7_is_not_believed_where_there_is_none(void **state)
{
    struct fake_machine *fake = *state;

    fake->cpuid_0[0] = 6;
    fake->cpuid_1[3] = CPUID_1_EDX_MCE;
    assert_int_equal(cpu_cr4_offered(&fake->platform, ALL_FEATURES), CR4_MCE);
}

static void cpu_that_lacks_one_feature_has_not_the_profile(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_cpu_needs wanted;

    cpu_needs_make(&(struct muster_cpu_profile){.cr4 = CR4_PAE | CR4_SMEP | CR4_MCE}, &wanted);
    fake->cpuid_1[3] = CPUID_1_EDX_MCE;
    fake->cpuid_7[1] = CPUID_7_EBX_SMEP;
    assert_true(cpu_meets(&fake->platform, &wanted));
    fake->cpuid_7[1] = CPUID_7_EBX_SMAP;
    assert_false(cpu_meets(&fake->platform, &wanted));
    fake->cpuid_7[1] = CPUID_7_EBX_SMEP;
    fake->cpuid_1[3] = 0;
    assert_false(cpu_meets(&fake->platform, &wanted));
}

static void cpu_without_leaf_7_has_not_a_profile_that_needs_it(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_cpu_needs wanted;

    fake->cpuid_7[1] = CPUID_7_EBX_SMEP;
    fake->cpuid_0[0] = 6;
    cpu_needs_make(&(struct muster_cpu_profile){.cr4 = CR4_SMEP}, &wanted);
    assert_int_equal(wanted.leaf, 7);
    assert_false(cpu_meets(&fake->platform, &wanted));
    cpu_needs_make(&(struct muster_cpu_profile){.cr4 = CR4_PAE}, &wanted);
    assert_int_equal(wanted.leaf, 1);
    assert_true(cpu_meets(&fake->platform, &wanted));
}

static void cpu_without_pat_or_mtrrs_has_not_a_profile_with_them(void **state)
{
    struct fake_machine *fake = *state;
    struct muster_cpu_needs wanted;

    cpu_needs_make(&(struct muster_cpu_profile){.has_pat = true, .has_mtrr = true}, &wanted);
    fake->cpuid_1[3] = CPUID_1_EDX_PAT | CPUID_1_EDX_MTRR;
    assert_true(cpu_meets(&fake->platform, &wanted));
    fake->cpuid_1[3] = CPUID_1_EDX_PAT;
    assert_false(cpu_meets(&fake->platform, &wanted));
    fake->cpuid_1[3] = CPUID_1_EDX_MTRR;
    assert_false(cpu_meets(&fake->platform, &wanted));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_profiles_have_no_difference),
        cmocka_unit_test(difference_names_the_one_field_that_differs),
        cmocka_unit_test(difference_sees_the_upper_half_of_a_register),
        TEST(each_cr4_feature_is_offered_by_its_cpuid_bit_alone),
        TEST(only_wanted_features_are_offered),
        TEST(leaf_7_is_not_believed_where_there_is_none),
        TEST(cpu_that_lacks_one_feature_has_not_the_profile),
        TEST(cpu_without_leaf_7_has_not_a_profile_that_needs_it),
        TEST(cpu_without_pat_or_mtrrs_has_not_a_profile_with_them),
    };

    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
