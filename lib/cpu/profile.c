/* What must be equal on every CPU: which features, and how two profiles differ. */
#include "abi/x86.h"
#include "lib/cpu/cpu.h"

_Static_assert(MUSTER_CR4_FEATURES ==
                   (CR4_SMEP | CR4_SMAP | CR4_UMIP | CR4_FSGSBASE | CR4_MCE | CR4_PGE),
               "include/muster/cpu.h spells the bits out");

/* CR4 bits that must not be set on a CPU whose CPUID lacks the feature. */
static const struct {
    uint32_t cr4;
    enum muster_cpuid_word word;
    uint32_t bit;
} features[] = {
    {CR4_MCE, MUSTER_CPUID_1_EDX, CPUID_1_EDX_MCE},
    {CR4_PGE, MUSTER_CPUID_1_EDX, CPUID_1_EDX_PGE},
    {CR4_PCIDE, MUSTER_CPUID_1_ECX, CPUID_1_ECX_PCID},
    {CR4_OSXSAVE, MUSTER_CPUID_1_ECX, CPUID_1_ECX_XSAVE},
    {CR4_PKE, MUSTER_CPUID_7_ECX, CPUID_7_ECX_PKU},
    {CR4_FSGSBASE, MUSTER_CPUID_7_EBX, CPUID_7_EBX_FSGSBASE},
    {CR4_SMEP, MUSTER_CPUID_7_EBX, CPUID_7_EBX_SMEP},
    {CR4_SMAP, MUSTER_CPUID_7_EBX, CPUID_7_EBX_SMAP},
    {CR4_UMIP, MUSTER_CPUID_7_ECX, CPUID_7_ECX_UMIP},
    {CR4_LA57, MUSTER_CPUID_7_ECX, CPUID_7_ECX_LA57},
};
#define FEATURES (sizeof(features) / sizeof(features[0]))

/* Of the calling CPU; zeros for leaf 7 where there is none: it answers with anything then. */
static void read_words(const struct muster_platform *platform, uint32_t words[MUSTER_CPUID_WORDS])
{
    uint32_t max[4], basic[4], extended[4] = {0};
    platform->cpuid(platform->context, 0, 0, max);
    platform->cpuid(platform->context, CPUID_FEATURES, 0, basic);
    if (max[0] >= CPUID_EXTENDED_FEATURES)
        platform->cpuid(platform->context, CPUID_EXTENDED_FEATURES, 0, extended);
    words[MUSTER_CPUID_1_ECX] = basic[2];
    words[MUSTER_CPUID_1_EDX] = basic[3];
    words[MUSTER_CPUID_7_EBX] = extended[1];
    words[MUSTER_CPUID_7_ECX] = extended[2];
}

uint64_t cpu_cr4_offered(const struct muster_platform *platform, uint64_t wanted)
{
    uint32_t words[MUSTER_CPUID_WORDS];
    read_words(platform, words);
    for (unsigned i = 0; i < FEATURES; i++)
        if (!(words[features[i].word] & features[i].bit))
            wanted &= ~(uint64_t)features[i].cr4;
    return wanted;
}

void cpu_needs_make(const struct muster_cpu_profile *profile, struct muster_cpu_needs *needs)
{
    *needs = (struct muster_cpu_needs){0};
    if (profile->has_pat)
        needs->words[MUSTER_CPUID_1_EDX] |= CPUID_1_EDX_PAT;
    if (profile->has_mtrr)
        needs->words[MUSTER_CPUID_1_EDX] |= CPUID_1_EDX_MTRR;
    for (unsigned i = 0; i < FEATURES; i++)
        if (profile->cr4 & features[i].cr4)
            needs->words[features[i].word] |= features[i].bit;
    needs->leaf = needs->words[MUSTER_CPUID_7_EBX] | needs->words[MUSTER_CPUID_7_ECX]
                      ? CPUID_EXTENDED_FEATURES
                      : CPUID_FEATURES;
}

bool cpu_meets(const struct muster_platform *platform, const struct muster_cpu_needs *needs)
{
    uint32_t words[MUSTER_CPUID_WORDS];
    read_words(platform, words);
    for (unsigned i = 0; i < MUSTER_CPUID_WORDS; i++)
        if (needs->words[i] & ~words[i])
            return false;
    return true;
}

const char *muster_cpu_profile_difference(const struct muster_cpu_profile *a,
                                          const struct muster_cpu_profile *b)
{
    const struct {
        const char *name;
        uint64_t a, b;
    } fields[] = {
        {"CR0", a->cr0, b->cr0},
        {"CR4", a->cr4, b->cr4},
        {"EFER", a->efer, b->efer},
        {"STAR", a->star, b->star},
        {"LSTAR", a->lstar, b->lstar},
        {"FMASK", a->fmask, b->fmask},
        {"PAT's presence", a->has_pat, b->has_pat},
        {"MTRRs' presence", a->has_mtrr, b->has_mtrr},
        {"PAT", a->pat, b->pat},
        {"x2APIC mode", a->x2apic, b->x2apic},
        {"APIC spurious vector", a->apic_svr, b->apic_svr},
        {"MTRRCAP", a->mtrr_cap, b->mtrr_cap},
        {"MTRR default type", a->mtrr_def_type, b->mtrr_def_type},
    };
    for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (fields[i].a != fields[i].b)
            return fields[i].name;
    for (unsigned i = 0; i < MUSTER_MTRR_FIXED; i++)
        if (a->mtrr_fixed[i] != b->mtrr_fixed[i])
            return "fixed-range MTRR";
    for (unsigned i = 0; i < 2 * MUSTER_MTRR_VARIABLE_MAX; i++)
        if (a->mtrr_variable[i] != b->mtrr_variable[i])
            return "variable-range MTRR";
    return NULL;
}

/* The hint's C-state must have that many sub-states: nibble 0 of EDX is C0's, 1 is C1's ... */
bool cpu_has_mwait(const struct muster_platform *platform, uint32_t hint)
{
    uint32_t r[4];
    platform->cpuid(platform->context, CPUID_FEATURES, 0, r);
    if (!(r[2] & CPUID_1_ECX_MONITOR))
        return false;
    if (hint == 0)
        return true;
    platform->cpuid(platform->context, 0, 0, r);
    if (r[0] < CPUID_MWAIT || hint > 0xFF)
        return false;
    platform->cpuid(platform->context, CPUID_MWAIT, 0, r);
    uint32_t state = ((hint >> 4) + 1) & 0xF;
    return state < 8 && (r[3] >> (4 * state) & 0xF) > (hint & 0xF);
}
