/*
 * Each CPU's registers hold what they must. Found and wanted come from the processor, CPUID and
 * this kernel, and not from the library: what that forgets for all CPUs alike is to be seen.
 */
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/plural.h"
#include "kernel/assembly.h"
#include "kernel/kernel.h"
#include "kernel/proof.h"
#include "kernel/syscall.h"
#include "lib/cpu/instructions.h"

static struct muster_cpu_profile bsp_profile;

static void compare_apic(struct percpu *cpu, void *argument)
{
    (void)argument;
    struct muster_cpu_profile profile;
    muster_cpu_profile_read(&kernel.machine, &profile);
    evidence_equal(cpu, "x2APIC mode", muster_apic_is_x2(&kernel.platform), bsp_profile.x2apic);
    evidence_equal(cpu, "APIC globally enabled", read_msr(MSR_APIC_BASE) & APIC_BASE_ENABLED,
                   APIC_BASE_ENABLED);
    evidence_equal(cpu, "spurious-vector register", profile.apic_svr, bsp_profile.apic_svr);
    evidence_equal(cpu, "APIC software-enabled", profile.apic_svr & APIC_SVR_ENABLE,
                   APIC_SVR_ENABLE);
}

void prove_apic(struct proof *proof)
{
    muster_cpu_profile_read(&kernel.machine, &bsp_profile);
    if (proof_on_all(proof, compare_apic, NULL))
        proof_held(proof, "%u %s: %s mode, spurious-vector register 0x%x", cpu_active_count(),
                   plural(cpu_active_count(), "CPU", "CPUs"),
                   bsp_profile.x2apic ? "x2APIC" : "xAPIC", bsp_profile.apic_svr);
}

enum cpuid_register { EBX = 1, ECX, EDX };

/* A feature is one bit of CPUID and one bit that turns it on. */
static const struct feature {
    const char *name;
    uint64_t cr4, efer; /* one of the two is 0 */
    uint32_t leaf;
    enum cpuid_register reg;
    uint32_t bit;
} features[] = {
    {"CR4.MCE", CR4_MCE, 0, CPUID_FEATURES, EDX, CPUID_1_EDX_MCE},
    {"CR4.PGE", CR4_PGE, 0, CPUID_FEATURES, EDX, CPUID_1_EDX_PGE},
    {"CR4.FSGSBASE", CR4_FSGSBASE, 0, CPUID_EXTENDED_FEATURES, EBX, CPUID_7_EBX_FSGSBASE},
    {"CR4.SMEP", CR4_SMEP, 0, CPUID_EXTENDED_FEATURES, EBX, CPUID_7_EBX_SMEP},
    {"CR4.SMAP", CR4_SMAP, 0, CPUID_EXTENDED_FEATURES, EBX, CPUID_7_EBX_SMAP},
    {"CR4.UMIP", CR4_UMIP, 0, CPUID_EXTENDED_FEATURES, ECX, CPUID_7_ECX_UMIP},
    {"EFER.NXE", 0, EFER_NXE, CPUID_EXTENDED, EDX, CPUID_EXT_EDX_NX},
    {"EFER.SCE", 0, EFER_SCE, CPUID_EXTENDED, EDX, CPUID_EXT_EDX_SYSCALL},
};
#define FEATURES (sizeof(features) / sizeof(features[0]))

_Static_assert((CR4_MCE | CR4_PGE | CR4_FSGSBASE | CR4_SMEP | CR4_SMAP | CR4_UMIP) ==
                   MUSTER_CR4_FEATURES,
               "every feature that is asked for is looked at");

/* By the CPUID of the CPU that this runs on. */
static bool is_offered(const struct feature *feature)
{
    uint32_t r[4];
    read_cpuid(feature->leaf & CPUID_EXTENDED_MAX, 0, r);
    if (r[0] < feature->leaf)
        return false;
    read_cpuid(feature->leaf, 0, r);
    return (r[feature->reg] & feature->bit) != 0;
}

static uint32_t offered_count(void)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < FEATURES; i++)
        count += is_offered(&features[i]);
    return count;
}

static void check_features(struct percpu *cpu)
{
    uint64_t cr4 = read_cr4();
    uint64_t efer = read_msr(MSR_EFER);
    for (unsigned i = 0; i < FEATURES; i++) {
        uint64_t bit = features[i].cr4 | features[i].efer;
        evidence_equal(cpu, features[i].name, (features[i].cr4 ? cr4 : efer) & bit,
                       is_offered(&features[i]) ? bit : 0);
    }
}

static void check_cr0(struct percpu *cpu)
{
    uint64_t cr0 = read_cr0();
    evidence_equal(cpu, "CR0.WP", cr0 & CR0_WP, CR0_WP);
    evidence_equal(cpu, "CR0.NE", cr0 & CR0_NE, CR0_NE);
    evidence_equal(cpu, "CR0.MP", cr0 & CR0_MP, CR0_MP);
    evidence_equal(cpu, "CR0.CD and CR0.NW", cr0 & (CR0_CD | CR0_NW), 0);
}

/* What SYSCALL and SYSRETQ make of STAR (SDM vol. 3, 5.8.8); ring 3 is forced by both of them. */
static void check_syscall(struct percpu *cpu)
{
    uint64_t star = read_msr(MSR_STAR);
    uint64_t syscall_cs = star >> 32 & 0xFFFF;
    uint64_t sysret_base = star >> 48;
    evidence_equal(cpu, "CS by STAR at SYSCALL", syscall_cs, MUSTER_KERNEL_CS);
    evidence_equal(cpu, "SS by STAR at SYSCALL", syscall_cs + 8, MUSTER_KERNEL_DS);
    evidence_equal(cpu, "CS by STAR at SYSRET", (sysret_base + 16) | 3, MUSTER_USER_CS);
    evidence_equal(cpu, "SS by STAR at SYSRET", (sysret_base + 8) | 3, MUSTER_USER_DS);
    evidence_equal(cpu, "LSTAR", read_msr(MSR_LSTAR), (uint64_t)syscall_entry);
    evidence_equal(cpu, "FMASK", read_msr(MSR_FMASK), MASKED_FLAGS);
}

/* What has no one right value, but the BSP's, which the firmware chose or this kernel turned on. */
struct sample {
    uint32_t msr;
    uint64_t value;
    char name[32];
};
static struct sample samples[4 + MUSTER_MTRR_FIXED + 2 * MUSTER_MTRR_VARIABLE_MAX];
static uint32_t sample_count;
static uint64_t bsp_cr0, bsp_cr4, bsp_efer;
static uint32_t bsp_memory_types; /* CPUID 1's PAT and MTRR bits */

/* A TD has no MTRRs to read, whatever CPUID says. */
static uint32_t memory_types_offered(void)
{
    uint32_t r[4];
    uint32_t mtrr = kernel.machine.confidential ? 0 : CPUID_1_EDX_MTRR;
    read_cpuid(CPUID_FEATURES, 0, r);
    return r[EDX] & (CPUID_1_EDX_PAT | mtrr);
}

/* By the CPUID of the CPU that this runs on, and not by what the library says. */
static bool has_spec_ctrl(void)
{
    uint32_t r[4];
    read_cpuid(0, 0, r);
    if (r[0] >= CPUID_EXTENDED_FEATURES) {
        read_cpuid(CPUID_EXTENDED_FEATURES, 0, r);
        if (r[EDX] & (CPUID_7_EDX_IBRS_IBPB | CPUID_7_EDX_STIBP | CPUID_7_EDX_SSBD))
            return true;
    }
    read_cpuid(CPUID_EXTENDED_MAX, 0, r);
    if (r[0] < CPUID_ADDRESS_SIZES)
        return false;
    read_cpuid(CPUID_ADDRESS_SIZES, 0, r);
    return r[EBX] & (CPUID_8_EBX_IBRS | CPUID_8_EBX_STIBP | CPUID_8_EBX_SSBD);
}

/* What a variable range holds that is not in use means nothing, and may differ. */
static uint64_t read_sample(uint32_t msr)
{
    uint32_t end = MSR_MTRR_PHYSBASE0 + 2 * MUSTER_MTRR_VARIABLE_MAX;
    if (msr >= MSR_MTRR_PHYSBASE0 && msr < end && !(read_msr(msr | 1) & MTRR_PHYSMASK_VALID))
        return 0;
    return read_msr(msr);
}

static void take_samples(const char *what, uint32_t first_msr, uint32_t count)
{
    for (uint32_t msr = first_msr; msr < first_msr + count; msr++) {
        struct sample *sample = &samples[sample_count++];
        sample->msr = msr;
        sample->value = read_sample(msr);
        text_format(sample->name, sizeof(sample->name), "%s (MSR 0x%x)", what, msr);
    }
}

/* MTRRCAP comes first of the MTRRs: a CPU that differs there may not have the others. */
static void sample_bsp(void)
{
    sample_count = 0;
    bsp_cr0 = read_cr0();
    bsp_cr4 = read_cr4();
    bsp_efer = read_msr(MSR_EFER);
    bsp_memory_types = memory_types_offered();
    if (has_spec_ctrl())
        take_samples("SPEC_CTRL", MSR_SPEC_CTRL, 1);
    if (bsp_memory_types & CPUID_1_EDX_PAT)
        take_samples("PAT", MSR_PAT, 1);
    if (!(bsp_memory_types & CPUID_1_EDX_MTRR))
        return;
    uint64_t cap = read_msr(MSR_MTRRCAP);
    uint32_t pairs = (uint32_t)(cap & MTRRCAP_VCNT);
    take_samples("MTRRCAP", MSR_MTRRCAP, 1);
    take_samples("MTRR default type", MSR_MTRR_DEF_TYPE, 1);
    if (cap & MTRRCAP_FIX) {
        take_samples("fixed MTRR", MSR_MTRR_FIX64K_0, 1);
        take_samples("fixed MTRR", MSR_MTRR_FIX16K_0, 2);
        take_samples("fixed MTRR", MSR_MTRR_FIX4K_0, MUSTER_MTRR_FIXED - 3);
    }
    take_samples("variable MTRR", MSR_MTRR_PHYSBASE0,
                 2 * (pairs < MUSTER_MTRR_VARIABLE_MAX ? pairs : MUSTER_MTRR_VARIABLE_MAX));
}

static void compare_with_bsp(struct percpu *cpu)
{
    evidence_equal(cpu, "CR0 (wanted: the BSP's)", read_cr0(), bsp_cr0);
    evidence_equal(cpu, "CR4 (wanted: the BSP's)", read_cr4(), bsp_cr4);
    evidence_equal(cpu, "EFER (wanted: the BSP's)", read_msr(MSR_EFER), bsp_efer);
    evidence_equal(cpu, "PAT and MTRR in CPUID 1 EDX", memory_types_offered(), bsp_memory_types);
    for (uint32_t i = 0; i < sample_count && !cpu->evidence.complaint; i++)
        evidence_equal(cpu, samples[i].name, read_sample(samples[i].msr), samples[i].value);
}

/* x87 empty, MXCSR as at reset, all of XMM0 to XMM15 zero: as the entry found them. */
static bool vectors_are_initial(void)
{
    struct vectors found = {{0}}, wanted = {{0}}; /* some bytes are not stored */
    const uint16_t control = FXSAVE_FCW_INITIAL;
    const uint32_t mxcsr = FXSAVE_MXCSR_INITIAL;
    vectors_store(&found);
    memcpy(wanted.bytes, &control, sizeof(control));
    memcpy(wanted.bytes + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
    memset(found.bytes + FXSAVE_MXCSR + sizeof(mxcsr), 0, sizeof(mxcsr)); /* the mask of MXCSR */
    return memcmp(found.bytes, wanted.bytes, FXSAVE_XMM + 16 * 16) == 0;
}

void evidence_leave(void)
{
    static struct vectors secrets;
    memset(secrets.bytes + FXSAVE_XMM, 0xD1, 16 * 16);
    secrets.bytes[FXSAVE_MXCSR + 1] = 0x1F; /* a valid one, and not the initial one */
    vectors_load(&secrets);
    write_breakpoints(DISORDER);
    write_dr7(DR7_NONE | DR7_LOCAL_0); /* at an address where nobody runs */
}

void evidence_forgotten(struct percpu *cpu)
{
    evidence_equal(cpu, "DR7", read_dr7(), DR7_NONE);
    evidence_equal(cpu, "DR0 to DR3", read_breakpoints(), 0);
    evidence_true(cpu, "x87 and vector registers as after a reset", vectors_are_initial());
}

/* Who starts a kernel by PVH and holds its processors at a mailbox is our shim, or this kernel. */
static bool is_handed_over(const struct percpu *cpu)
{
    return cpu->slot->index != kernel.machine.bsp ||
           (kernel.by_pvh && kernel.plan.way != MUSTER_WAY_SIPI);
}

static void check_registers(struct percpu *cpu, void *argument)
{
    (void)argument;
    check_features(cpu);
    check_cr0(cpu);
    check_syscall(cpu);
    evidence_equal(cpu, "CR3", read_cr3(), kernel.paging.root_phys);
    compare_with_bsp(cpu);
    if (is_handed_over(cpu))
        evidence_forgotten(cpu);
}

void prove_registers(struct proof *proof)
{
    uint32_t mtrr_writes = 0;
    sample_bsp();
    if (!proof_on_all(proof, check_registers, NULL))
        return;
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        mtrr_writes += kernel.machine.slots[i].mtrr_writes;
    proof_held(proof,
               "%u %s: all %u features that CPUID offers are on: CR0 0x%lx CR4 0x%lx EFER "
               "0x%lx; PAT, MTRRs and SPEC_CTRL (%u MSRs) are the BSP's, %u had to be written; "
               "vector and debug registers are empty",
               cpu_active_count(), plural(cpu_active_count(), "CPU", "CPUs"), offered_count(),
               bsp_cr0, bsp_cr4, bsp_efer, sample_count, mtrr_writes);
}
