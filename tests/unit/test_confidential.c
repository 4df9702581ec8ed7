/* What CPUID says about the kind of machine, leaf by leaf, and what is asked of it in vain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <muster/cpu.h>

#include "abi/hyperv.h"
#include "abi/sev.h"
#include "abi/x86.h"

#define LEAVES_MOST 8

enum { EAX, EBX, ECX, EDX };

struct processor {
    struct muster_platform platform;
    struct {
        uint32_t number, out[4];
    } leaves[LEAVES_MOST];
    unsigned leaf_count;
};

static void answer(void *context, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    const struct processor *processor = context;
    (void)subleaf;
    memset(out, 0, 4 * sizeof(out[0]));
    for (unsigned i = 0; i < processor->leaf_count; i++)
        if (processor->leaves[i].number == leaf)
            memcpy(out, processor->leaves[i].out, sizeof(processor->leaves[i].out));
}

static uint64_t read_status(void *context, uint32_t msr)
{
    (void)context;
    assert_int_equal(msr, MSR_SEV_STATUS);
    return SEV_STATUS_ES;
}

static uint32_t *put_leaf(struct processor *processor, uint32_t number, uint32_t eax, uint32_t ebx,
                          uint32_t ecx, uint32_t edx)
{
    uint32_t *out = processor->leaves[processor->leaf_count].out;
    processor->leaves[processor->leaf_count++].number = number;
    out[EAX] = eax;
    out[EBX] = ebx;
    out[ECX] = ecx;
    out[EDX] = edx;
    return out;
}

static struct processor *begin(struct processor *processor)
{
    *processor = (struct processor){.platform = {.context = processor, .cpuid = answer}};
    return processor;
}

static void td_is_one_by_every_letter_of_its_name(void **state)
{
    struct processor processor;
    (void)state;
    begin(&processor);
    uint32_t *highest = put_leaf(&processor, 0, CPUID_TDX, 0, 0, 0);
    uint32_t *name = put_leaf(&processor, CPUID_TDX, 0, 0x65746E49, 0x20202020, 0x5844546C);
    assert_true(muster_cpu_is_td(&processor.platform));
    for (unsigned i = EBX; i <= EDX; i++) {
        name[i]++;
        assert_false(muster_cpu_is_td(&processor.platform));
        name[i]--;
    }
    *highest = CPUID_TDX - 1;
    assert_false(muster_cpu_is_td(&processor.platform));
    processor.platform.cpuid = NULL;
    assert_false(muster_cpu_is_td(&processor.platform));
}

static void hyperv_is_there_by_every_leaf(void **state)
{
    struct processor processor;
    uint32_t features[4];
    (void)state;
    begin(&processor);
    uint32_t *there = put_leaf(&processor, CPUID_FEATURES, 0, 0, CPUID_1_ECX_HYPERVISOR, 0);
    uint32_t *vendor = put_leaf(&processor, HYPERV_CPUID_VENDOR, HYPERV_CPUID_FEATURES,
                                HYPERV_VENDOR_EBX, HYPERV_VENDOR_ECX, HYPERV_VENDOR_EDX);
    uint32_t *interface = put_leaf(&processor, HYPERV_CPUID_INTERFACE, HYPERV_INTERFACE, 0, 0, 0);
    put_leaf(&processor, HYPERV_CPUID_FEATURES, 1, 2, 3, 4);
    assert_true(muster_hyperv_features(&processor.platform, features));
    assert_int_equal(features[EDX], 4);
    uint32_t *const needed[] = {&there[ECX],  &vendor[EAX], &vendor[EBX],
                                &vendor[ECX], &vendor[EDX], &interface[EAX]};
    for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        uint32_t kept = *needed[i];
        *needed[i] = 0;
        assert_false(muster_hyperv_features(&processor.platform, features));
        *needed[i] = kept;
    }
    processor.platform.cpuid = NULL;
    assert_false(muster_hyperv_features(&processor.platform, features));
}

static void sev_is_asked_for_only_where_the_processor_knows_it(void **state)
{
    struct processor processor;
    (void)state;
    begin(&processor);
    processor.platform.msr_read = read_status;
    uint32_t *highest = put_leaf(&processor, CPUID_EXTENDED_MAX, CPUID_SEV, 0, 0, 0);
    uint32_t *known = put_leaf(&processor, CPUID_SEV, SEV_CPUID_SEV, 0, 0, 0);
    assert_int_equal(muster_sev_status(&processor.platform), SEV_STATUS_ES);
    *known = 0;
    assert_int_equal(muster_sev_status(&processor.platform), 0);
    *highest = CPUID_SEV - 1;
    *known = SEV_CPUID_SEV;
    assert_int_equal(muster_sev_status(&processor.platform), 0);
    *highest = CPUID_SEV;
    processor.platform.msr_read = NULL;
    assert_int_equal(muster_sev_status(&processor.platform), 0);
    processor.platform.cpuid = NULL;
    assert_int_equal(muster_sev_status(&processor.platform), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(td_is_one_by_every_letter_of_its_name),
        cmocka_unit_test(hyperv_is_there_by_every_leaf),
        cmocka_unit_test(sev_is_asked_for_only_where_the_processor_knows_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
