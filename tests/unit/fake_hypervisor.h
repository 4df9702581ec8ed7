/**
 * A Hyper-V as a boot program meets it before any hypercall: CPUID leaves and MSRs, and what was
 * written to these, in order. Include after <cmocka.h>.
 */
#ifndef TESTS_FAKE_HYPERVISOR_H
#define TESTS_FAKE_HYPERVISOR_H

#include <stdbool.h>
#include <string.h>

#include <muster/platform.h>

#include "abi/hyperv.h"
#include "abi/x86.h"

#define FAKE_WRITES_MAX 16

struct fake_hypervisor {
    struct muster_platform platform;
    bool absent;
    uint32_t features[4]; /* leaf 0x40000003 */
    uint64_t guest_os_id, hypercall, reference_tsc, tsc_frequency, apic_base;
    bool enables_nothing; /* the page's enable bit stays clear */
    struct {
        uint32_t msr;
        uint64_t value;
    } writes[FAKE_WRITES_MAX];
    unsigned write_count;
};

static inline void fake_hypervisor_cpuid(void *context, uint32_t leaf, uint32_t subleaf,
                                         uint32_t out[4])
{
    const struct fake_hypervisor *fake = context;
    (void)subleaf;
    memset(out, 0, 4 * sizeof(out[0]));
    if (fake->absent)
        return;
    if (leaf == CPUID_FEATURES) {
        out[2] = CPUID_1_ECX_HYPERVISOR;
    } else if (leaf == HYPERV_CPUID_VENDOR) {
        out[0] = HYPERV_CPUID_LAST;
        out[1] = HYPERV_VENDOR_EBX;
        out[2] = HYPERV_VENDOR_ECX;
        out[3] = HYPERV_VENDOR_EDX;
    } else if (leaf == HYPERV_CPUID_INTERFACE) {
        out[0] = HYPERV_INTERFACE;
    } else if (leaf == HYPERV_CPUID_FEATURES) {
        memcpy(out, fake->features, sizeof(fake->features));
    }
}

static inline uint64_t *fake_hypervisor_register(struct fake_hypervisor *fake, uint32_t msr)
{
    switch (msr) {
    case MSR_HYPERV_GUEST_OS_ID:
        return &fake->guest_os_id;
    case MSR_HYPERV_HYPERCALL:
        return &fake->hypercall;
    case MSR_HYPERV_REFERENCE_TSC:
        return &fake->reference_tsc;
    case MSR_HYPERV_TSC_FREQUENCY:
        return &fake->tsc_frequency;
    default:
        assert_int_equal(msr, MSR_APIC_BASE);
        return &fake->apic_base;
    }
}

static inline uint64_t fake_hypervisor_read(void *context, uint32_t msr)
{
    return *fake_hypervisor_register(context, msr);
}

/* A real one answers a write to a locked register with #GP, which ends a boot program. */
static inline void fake_hypervisor_write(void *context, uint32_t msr, uint64_t value)
{
    struct fake_hypervisor *fake = context;
    uint64_t *target = fake_hypervisor_register(fake, msr);
    assert_true(fake->write_count < FAKE_WRITES_MAX);
    assert_false(msr == MSR_HYPERV_HYPERCALL && *target & HYPERV_MSR_LOCKED);
    fake->writes[fake->write_count].msr = msr;
    fake->writes[fake->write_count++].value = value;
    if (msr == MSR_HYPERV_HYPERCALL && fake->enables_nothing)
        value &= ~(uint64_t)HYPERV_MSR_ENABLE;
    *target = value;
}

/** A partition that has all that a boot program uses. */
static inline void fake_hypervisor_init(struct fake_hypervisor *fake)
{
    *fake = (struct fake_hypervisor){
        .platform = {.context = fake,
                     .cpuid = fake_hypervisor_cpuid,
                     .msr_read = fake_hypervisor_read,
                     .msr_write = fake_hypervisor_write},
        .features = {HYPERV_MSRS_HYPERCALL | HYPERV_MSRS_TIME_REF_COUNT |
                         HYPERV_MSRS_REFERENCE_TSC | HYPERV_MSRS_FREQUENCIES,
                     HYPERV_MAY_START_VP, 0, HYPERV_FEATURE_FREQUENCIES},
        .tsc_frequency = 2000000000,
    };
}

#endif
