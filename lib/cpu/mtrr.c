/* MTRRs: read them into a profile, compare, and write them. */
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

/* Base and mask; zeros if the pair is not in use, since what it holds then means nothing. */
static void read_pair(const struct muster_platform *platform, unsigned i, uint64_t pair[2])
{
    void *context = platform->context;
    pair[0] = 0;
    pair[1] = platform->msr_read(context, MSR_MTRR_PHYSBASE0 + i + 1);
    if (pair[1] & MTRR_PHYSMASK_VALID)
        pair[0] = platform->msr_read(context, MSR_MTRR_PHYSBASE0 + i);
    else
        pair[1] = 0;
}

void mtrr_read(const struct muster_platform *platform, struct muster_cpu_profile *profile)
{
    void *context = platform->context;
    profile->mtrr_cap = platform->msr_read(context, MSR_MTRRCAP);
    profile->mtrr_def_type = platform->msr_read(context, MSR_MTRR_DEF_TYPE);
    for (unsigned i = 0; i < mtrr_fixed_count(profile->mtrr_cap); i++)
        profile->mtrr_fixed[i] = platform->msr_read(context, fixed_msr(i));
    for (unsigned i = 0; i < mtrr_variable_count(profile->mtrr_cap); i += 2)
        read_pair(platform, i, &profile->mtrr_variable[i]);
}

bool mtrr_equal(const struct muster_platform *platform, const struct muster_cpu_profile *profile)
{
    void *context = platform->context;
    if (platform->msr_read(context, MSR_MTRR_DEF_TYPE) != profile->mtrr_def_type)
        return false;
    for (unsigned i = 0; i < mtrr_fixed_count(profile->mtrr_cap); i++)
        if (platform->msr_read(context, fixed_msr(i)) != profile->mtrr_fixed[i])
            return false;
    for (unsigned i = 0; i < mtrr_variable_count(profile->mtrr_cap); i += 2) {
        uint64_t pair[2];
        read_pair(platform, i, pair);
        if (pair[0] != profile->mtrr_variable[i] || pair[1] != profile->mtrr_variable[i + 1])
            return false;
    }
    return true;
}

static void list_add(struct muster_mtrr_list *list, uint32_t msr, uint64_t value)
{
    list->msrs[list->count++] = (struct muster_msr){msr, value};
}

/*
 * Of a pair that is not in use the mask alone, as zero: a CPU may have it in use, also where its
 * MTRRs are all disabled, and INIT does not change that on a processor.
 */
void mtrr_list_make(const struct muster_cpu_profile *profile, struct muster_mtrr_list *list)
{
    list->count = 0;
    if (profile->has_pat)
        list_add(list, MSR_PAT, profile->pat);
    for (unsigned i = 0; i < mtrr_fixed_count(profile->mtrr_cap); i++)
        list_add(list, fixed_msr(i), profile->mtrr_fixed[i]);
    for (unsigned i = 0; i < mtrr_variable_count(profile->mtrr_cap); i += 2) {
        if (profile->mtrr_variable[i + 1])
            list_add(list, MSR_MTRR_PHYSBASE0 + i, profile->mtrr_variable[i]);
        list_add(list, MSR_MTRR_PHYSBASE0 + i + 1, profile->mtrr_variable[i + 1]);
    }
    list_add(list, MSR_MTRR_DEF_TYPE, profile->mtrr_def_type); /* which enables them */
}

uint32_t mtrr_write(const struct muster_platform *platform, const struct muster_mtrr_list *list)
{
    void *context = platform->context;
    uint64_t def_type = platform->msr_read(context, MSR_MTRR_DEF_TYPE);
    if (def_type & MTRR_DEF_TYPE_ENABLE)
        platform->msr_write(context, MSR_MTRR_DEF_TYPE, def_type & ~(uint64_t)MTRR_DEF_TYPE_ENABLE);
    for (uint32_t i = 0; i < list->count; i++)
        platform->msr_write(context, list->msrs[i].msr, list->msrs[i].value);
    return list->count;
}
