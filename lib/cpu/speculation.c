#include "lib/cpu/speculation.h"

#include "abi/x86.h"
#include "lib/cpu/cpuid.h"

struct offered {
    bool spec_ctrl, ibpb;
};

/* Zeros beyond the highest leaf: there Intel's processors give another leaf's data. */
static uint32_t cpuid_register(const struct muster_platform *platform, uint32_t leaf, unsigned reg)
{
    uint32_t r[4];
    platform->cpuid(platform->context, leaf & CPUID_EXTENDED_MAX, 0, r);
    if (r[EAX] < leaf)
        return 0;
    platform->cpuid(platform->context, leaf, 0, r);
    return r[reg];
}

static struct offered read_offered(const struct muster_platform *platform)
{
    uint32_t intel = cpuid_register(platform, CPUID_EXTENDED_FEATURES, EDX);
    uint32_t amd = cpuid_register(platform, CPUID_ADDRESS_SIZES, EBX);
    return (struct offered){
        .spec_ctrl = intel & (CPUID_7_EDX_IBRS_IBPB | CPUID_7_EDX_STIBP | CPUID_7_EDX_SSBD) ||
                     amd & (CPUID_8_EBX_IBRS | CPUID_8_EBX_STIBP | CPUID_8_EBX_SSBD),
        .ibpb = intel & CPUID_7_EDX_IBRS_IBPB || amd & CPUID_8_EBX_IBPB,
    };
}

void speculation_read(const struct muster_platform *platform, struct muster_cpu_profile *profile)
{
    struct offered offered = read_offered(platform);
    profile->has_spec_ctrl = offered.spec_ctrl;
    profile->has_ibpb = offered.ibpb;
    profile->spec_ctrl =
        offered.spec_ctrl ? platform->msr_read(platform->context, MSR_SPEC_CTRL) : 0;
}

bool speculation_is_offered(const struct muster_platform *platform,
                            const struct muster_cpu_profile *profile)
{
    if (!speculation_is_wanted(profile)) /* CPUID may be a question to the host */
        return true;
    struct offered offered = read_offered(platform);
    return offered.spec_ctrl >= profile->has_spec_ctrl && offered.ibpb >= profile->has_ibpb;
}

void speculation_load(const struct muster_platform *platform,
                      const struct muster_cpu_profile *profile)
{
    if (profile->has_spec_ctrl)
        platform->msr_write(platform->context, MSR_SPEC_CTRL, profile->spec_ctrl);
}

void speculation_barrier(const struct muster_platform *platform,
                         const struct muster_cpu_profile *profile)
{
    if (profile->has_ibpb)
        platform->msr_write(platform->context, MSR_PRED_CMD, PRED_CMD_IBPB);
}
