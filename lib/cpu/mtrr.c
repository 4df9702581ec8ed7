/* MTRRs: read them into a profile, and write those that differ. */
#include "lib/cpu/mtrr.h"

#include "abi/x86.h"

/* The fixed-range registers, in the order of muster_cpu_profile.mtrr_fixed. */
static uint32_t fixed_msr(unsigned i)
{
    if (i == 0)
        return MSR_MTRR_FIX64K_0;
    return i < 3 ? MSR_MTRR_FIX16K_0 + i - 1 : MSR_MTRR_FIX4K_0 + i - 3;
}

unsigned mtrr_fixed_count(uint64_t cap)
{
    return cap & MTRRCAP_FIX ? MUSTER_MTRR_FIXED : 0;
}

unsigned mtrr_variable_count(uint64_t cap)
{
    unsigned pairs = cap & MTRRCAP_VCNT;
    return 2 * (pairs < MUSTER_MTRR_VARIABLE_MAX ? pairs : MUSTER_MTRR_VARIABLE_MAX);
}

void mtrr_read(const struct muster_platform *platform, struct muster_cpu_profile *profile)
{
    void *context = platform->context;
    profile->mtrr_cap = platform->msr_read(context, MSR_MTRRCAP);
    profile->mtrr_def_type = platform->msr_read(context, MSR_MTRR_DEF_TYPE);
    for (unsigned i = 0; i < mtrr_fixed_count(profile->mtrr_cap); i++)
        profile->mtrr_fixed[i] = platform->msr_read(context, fixed_msr(i));
    for (unsigned i = 0; i < mtrr_variable_count(profile->mtrr_cap); i++)
        profile->mtrr_variable[i] = platform->msr_read(context, MSR_MTRR_PHYSBASE0 + i);
}

bool mtrr_equal(const struct muster_platform *platform, const struct muster_cpu_profile *profile)
{
    void *context = platform->context;
    if (platform->msr_read(context, MSR_MTRR_DEF_TYPE) != profile->mtrr_def_type)
        return false;
    for (unsigned i = 0; i < mtrr_fixed_count(profile->mtrr_cap); i++)
        if (platform->msr_read(context, fixed_msr(i)) != profile->mtrr_fixed[i])
            return false;
    for (unsigned i = 0; i < mtrr_variable_count(profile->mtrr_cap); i++)
        if (platform->msr_read(context, MSR_MTRR_PHYSBASE0 + i) != profile->mtrr_variable[i])
            return false;
    return true;
}

void mtrr_list_make(const struct muster_cpu_profile *profile, struct muster_mtrr_list *list)
{
    list->count = 0;
    for (unsigned i = 0; i < mtrr_fixed_count(profile->mtrr_cap); i++)
        list->msrs[list->count++] = (struct muster_msr){fixed_msr(i), profile->mtrr_fixed[i]};
    for (unsigned i = 0; i < mtrr_variable_count(profile->mtrr_cap); i++)
        list->msrs[list->count++] =
            (struct muster_msr){MSR_MTRR_PHYSBASE0 + i, profile->mtrr_variable[i]};
}

/* One by one, for a platform that has no better way. */
static uint32_t load_each(const struct muster_platform *platform, const struct muster_msr *list,
                          uint32_t count)
{
    void *context = platform->context;
    uint32_t writes = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (platform->msr_read(context, list[i].msr) == list[i].value)
            continue;
        platform->msr_write(context, list[i].msr, list[i].value);
        writes++;
    }
    return writes;
}

uint32_t mtrr_write(const struct muster_platform *platform, uint64_t wanted_type,
                    const struct muster_mtrr_list *list)
{
    void *context = platform->context;
    uint64_t def_type = platform->msr_read(context, MSR_MTRR_DEF_TYPE);
    uint32_t writes = def_type != wanted_type;
    if (def_type & MTRR_DEF_TYPE_ENABLE)
        platform->msr_write(context, MSR_MTRR_DEF_TYPE, def_type & ~(uint64_t)MTRR_DEF_TYPE_ENABLE);
    writes += platform->msr_load ? platform->msr_load(context, list->msrs, list->count)
                                 : load_each(platform, list->msrs, list->count);
    platform->msr_write(context, MSR_MTRR_DEF_TYPE, wanted_type);
    return writes;
}
