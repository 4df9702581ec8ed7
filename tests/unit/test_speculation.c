/* SPEC_CTRL and IBPB: by what CPUID says, which may be a hostile host's, and never without an IDT.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_machine.h"

#include "lib/cpu/speculation.h"

#define WANTED 0x5u

static unsigned barriers;

/* Tables are loaded, or this would be the end of a real CPU. */
static void assert_has_idt(const struct fake_machine *fake)
{
    assert_true(fake->loads > 0);
}

static uint64_t msr_read(void *context, uint32_t msr)
{
    if (msr == MSR_SPEC_CTRL)
        assert_has_idt(context);
    return fake_msr_read(context, msr);
}

static void msr_write(void *context, uint32_t msr, uint64_t value)
{
    if (msr == MSR_PRED_CMD) {
        assert_has_idt(context);
        assert_int_equal(value, PRED_CMD_IBPB);
        barriers++;
    }
    fake_msr_write(context, msr, value);
}

static struct fake_machine *machine_that_says(uint32_t intel, uint32_t amd)
{
    struct fake_machine *fake = fake_machine_new(NULL, 3);
    fake->platform.msr_read = msr_read;
    fake->platform.msr_write = msr_write;
    fake->cpuid_7[3] = intel;
    fake->cpuid_8[1] = amd;
    *fake_msr(fake, MSR_SPEC_CTRL) = WANTED;
    barriers = 0;
    fake_prepare(fake, MUSTER_WAY_SIPI);
    return fake;
}

static void expect(uint32_t intel, uint32_t amd, bool spec_ctrl, bool ibpb)
{
    struct fake_machine *fake = machine_that_says(intel, amd);
    const struct muster_cpu_profile *profile = &fake->machine.profile;
    assert_int_equal(profile->has_spec_ctrl, spec_ctrl);
    assert_int_equal(profile->has_ibpb, ibpb);
    assert_int_equal(profile->spec_ctrl, spec_ctrl ? WANTED : 0);
    assert_int_equal(barriers, ibpb); /* muster_prepare(): from the loader to the kernel */
    fake_machine_free(fake);
}

static void each_bit_of_cpuid_names_its_register(void **state)
{
    (void)state;
    expect(0, 0, false, false);
    expect(CPUID_7_EDX_IBRS_IBPB, 0, true, true);
    expect(CPUID_7_EDX_STIBP, 0, true, false);
    expect(CPUID_7_EDX_SSBD, 0, true, false);
    expect(0, CPUID_8_EBX_IBPB, false, true);
    expect(0, CPUID_8_EBX_IBRS, true, false);
    expect(0, CPUID_8_EBX_STIBP, true, false);
    expect(0, CPUID_8_EBX_SSBD, true, false);
}

static void register_that_cpuid_does_not_name_is_not_touched(void **state)
{
    struct fake_machine *fake = machine_that_says(0, 0);

    (void)state;
    *fake_msr(fake, MSR_SPEC_CTRL) = 0x77;
    uint32_t writes = fake->msr_writes;
    speculation_load(&fake->platform, &fake->machine.profile);
    speculation_barrier(&fake->platform, &fake->machine.profile);
    assert_int_equal(fake->msr_writes, writes);
    assert_int_equal(*fake_msr(fake, MSR_SPEC_CTRL), 0x77);
    fake_machine_free(fake);
}

static void every_cpu_gets_the_bsps_value(void **state)
{
    struct fake_machine *fake = machine_that_says(CPUID_7_EDX_IBRS_IBPB, 0);

    (void)state;
    *fake_msr(fake, MSR_SPEC_CTRL) = 0; /* an AP's, after INIT */
    speculation_load(&fake->platform, &fake->machine.profile);
    assert_int_equal(*fake_msr(fake, MSR_SPEC_CTRL), WANTED);
    fake_machine_free(fake);
}

static void cpu_that_lacks_what_the_bsp_has_is_not_trusted_with_it(void **state)
{
    struct fake_machine *fake = machine_that_says(CPUID_7_EDX_IBRS_IBPB, 0);
    const struct muster_cpu_profile asked = {.has_spec_ctrl = true, .has_ibpb = true};

    (void)state;
    assert_true(speculation_is_offered(&fake->platform, &asked));
    fake->cpuid_7[3] = 0;
    assert_false(speculation_is_offered(&fake->platform, &asked)); /* MUSTER_ERROR_FEATURES_DIFFER */
    fake->cpuid_7[3] = CPUID_7_EDX_STIBP;
    assert_false(speculation_is_offered(&fake->platform, &asked));
    fake_machine_free(fake);
}

static void cpu_goes_back_to_the_firmware_behind_a_barrier(void **state)
{
    struct fake_machine *fake = machine_that_says(CPUID_7_EDX_IBRS_IBPB, 0);
    struct muster_slot *slot = &fake->slots[0];

    (void)state;
    assert_int_equal(fake_adopt(fake, FAKE_S), MUSTER_OK);
    barriers = 0;
    slot->command.value = PARK_HAND_BACK;
    if (setjmp(fake_gone) == 0)
        park_run(slot);
    assert_int_equal(barriers, 1);
    fake_machine_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bit_of_cpuid_names_its_register),
        cmocka_unit_test(register_that_cpuid_does_not_name_is_not_touched),
        cmocka_unit_test(every_cpu_gets_the_bsps_value),
        cmocka_unit_test(cpu_that_lacks_what_the_bsp_has_is_not_trusted_with_it),
        cmocka_unit_test(cpu_goes_back_to_the_firmware_behind_a_barrier),
    };

    return cmocka_run_group_tests_name("speculation", tests, NULL, NULL);
}
