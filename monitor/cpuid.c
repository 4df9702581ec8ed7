#include "monitor/cpuid.h"

#include "abi/tdx.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/native.h"
#include "lib/cpu/instructions.h"
#include "monitor/apic.h"
#include "monitor/hyperv.h"
#include "monitor/monitor.h"
#include "monitor/report.h"
#include "monitor/ve.h"

enum { EAX, EBX, ECX, EDX };

#define HIGHEST_LEAF       CPUID_TDX
#define HIGHEST_HYPERVISOR 0x40000001
#define CPUID_TOPOLOGY     0x0000000B
#define CPUID_CRYSTAL      0x00000015
#define CPUID_PM           0x00000006
#define CPUID_PMU          0x0000000A
#define CPUID_BYTES        2

#define CPUID_1_ECX_MONITOR      (1u << 3)
#define CPUID_1_ECX_PDCM         (1u << 15)
#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)
#define CPUID_1_EBX_APIC_SHIFT   24
#define CPUID_7_EBX_TSC_ADJUST   (1u << 1)

/* Linux takes the APIC timer's rate from the crystal's. */
#define MOST_NUMERATOR (UINT32_MAX / (APIC_TIMER_HZ / 1000))

/* VME to OSXMMEXCPT: every processor that this runs on has them. */
#define CR4_EVERYWHERE 0x000007FFu

/* A register is four characters: "GenuineIntel" in ebx, edx, ecx. */
#define INTEL_EBX 0x756E6547u
#define INTEL_EDX 0x49656E69u
#define INTEL_ECX 0x6C65746Eu
/* "IntelTDX    ", likewise. */
#define TDX_EBX 0x65746E49u
#define TDX_EDX 0x5844546Cu
#define TDX_ECX 0x20202020u
/* "KVMKVMKVM": Linux believes in x2APIC without interrupt remapping under known hypervisors
   only. No feature of it is offered. */
#define KVM_EBX 0x4B4D564Bu
#define KVM_ECX 0x564B4D56u
#define KVM_EDX 0x0000004Du

static void set(uint32_t out[4], uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx)
{
    out[EAX] = eax;
    out[EBX] = ebx;
    out[ECX] = ecx;
    out[EDX] = edx;
}

/*
 * The TSC's rate as a ratio to the crystal's. Linux multiplies the crystal's kHz by the numerator
 * in 32 bits, so that must stay small; of the ratios that fit, the nearest is taken.
 */
static void answer_crystal(uint32_t out[4])
{
    uint64_t hz = native_tsc_hz();
    uint64_t best_error = UINT64_MAX;
    for (uint64_t denominator = 1; denominator <= MOST_NUMERATOR; denominator++) {
        uint64_t numerator = (hz * denominator + APIC_TIMER_HZ / 2) / APIC_TIMER_HZ;
        uint64_t rate = numerator * APIC_TIMER_HZ / denominator;
        uint64_t error = rate > hz ? rate - hz : hz - rate;
        if (numerator > MOST_NUMERATOR)
            break;
        if (error < best_error) {
            best_error = error;
            set(out, (uint32_t)denominator, (uint32_t)numerator, APIC_TIMER_HZ, 0);
        }
    }
}

static void answer_features(const struct vcpu *vcpu, uint32_t out[4])
{
    out[EBX] = (out[EBX] & ((1u << CPUID_1_EBX_APIC_SHIFT) - 1)) | vcpu->apic_id
                                                                       << CPUID_1_EBX_APIC_SHIFT;
    out[ECX] &= ~(CPUID_1_ECX_MONITOR | CPUID_1_ECX_PDCM | CPUID_1_ECX_TSC_DEADLINE);
    out[ECX] |= CPUID_1_ECX_X2APIC | CPUID_1_ECX_HYPERVISOR;
    /* The processor says how the monitor's own CR4 is. */
    out[ECX] &= ~CPUID_1_ECX_OSXSAVE;
    out[ECX] |= vcpu->cr4 & CR4_OSXSAVE ? CPUID_1_ECX_OSXSAVE : 0;
}

static void answer_extended_features(const struct vcpu *vcpu, uint32_t out[4])
{
    out[ECX] &= ~CPUID_7_ECX_OSPKE;
    out[ECX] |= vcpu->cr4 & CR4_PKE ? CPUID_7_ECX_OSPKE : 0;
}

/* What the processor says, but for what it lacks as a guest's. */
static void answer_machine(const struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf,
                           uint32_t out[4])
{
    read_cpuid(leaf, subleaf, out);
    if (leaf == CPUID_FEATURES)
        answer_features(vcpu, out);
    else if (leaf == CPUID_EXTENDED_FEATURES && subleaf == 0)
        answer_extended_features(vcpu, out);
    else if (leaf == CPUID_TOPOLOGY)
        out[EDX] = vcpu->apic_id;
    else if (leaf == CPUID_EXTENDED)
        out[ECX] &= ~CPUID_EXT_ECX_SVM;
    else if (leaf == CPUID_SVM)
        set(out, 0, 0, 0, 0);
}

static uint32_t highest_leaf(uint32_t first)
{
    uint32_t highest[4];
    read_cpuid(first, 0, highest);
    return highest[EAX];
}

/* Leaves that the processor has and a TD has not, or that the module answers with nothing. */
static bool is_empty_for_td(uint32_t leaf)
{
    return leaf == CPUID_PM || leaf == CPUID_PMU ||
           (leaf > highest_leaf(0) && leaf < CPUID_CRYSTAL) ||
           (leaf > CPUID_CRYSTAL && leaf < CPUID_TDX) ||
           (leaf > HIGHEST_LEAF && leaf < CPUID_EXTENDED_MAX);
}

void cpuid_answer_td(const struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    if (monitor.hypercalls && hyperv_cpuid(leaf, out))
        return;
    if (leaf == 0)
        set(out, HIGHEST_LEAF, INTEL_EBX, INTEL_ECX, INTEL_EDX);
    else if (leaf == CPUID_CRYSTAL)
        answer_crystal(out);
    else if (leaf == CPUID_TDX)
        set(out, 0, TDX_EBX, TDX_ECX, TDX_EDX);
    else if (leaf == CPUID_HYPERVISOR)
        set(out, HIGHEST_HYPERVISOR, KVM_EBX, KVM_ECX, KVM_EDX);
    else if (is_empty_for_td(leaf))
        set(out, 0, 0, 0, 0);
    else
        answer_machine(vcpu, leaf, subleaf, out);
    if (leaf == CPUID_EXTENDED_FEATURES && subleaf == 0)
        out[EBX] &= ~CPUID_7_EBX_TSC_ADJUST; /* the TDX module keeps the counters */
}

/* Option core-kinds: its letters are for the vCPUs from the first on, over and over. */
static void answer_hybrid(const struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    char kind = monitor.core_kinds[vcpu->index % strlen(monitor.core_kinds)];
    uint32_t type = kind == 'P' ? CPUID_CORE_KIND_CORE : CPUID_CORE_KIND_ATOM;
    if (leaf == 0 && out[EAX] < CPUID_CORE_KIND)
        out[EAX] = CPUID_CORE_KIND;
    else if (leaf == CPUID_EXTENDED_FEATURES && subleaf == 0)
        out[EDX] |= CPUID_7_EDX_HYBRID;
    else if (leaf == CPUID_CORE_KIND)
        set(out, subleaf == 0 ? type << CPUID_CORE_KIND_SHIFT : 0, 0, 0, 0);
}

/* A processor says of a leaf beyond its last one whatever its last one says. */
void cpuid_answer_hyperv(const struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    if (hyperv_cpuid(leaf, out))
        return;
    if (leaf > highest_leaf(leaf & CPUID_EXTENDED_MAX))
        set(out, 0, 0, 0, 0);
    else
        answer_machine(vcpu, leaf, subleaf, out);
    if (leaf == CPUID_EXTENDED_FEATURES && subleaf == 0)
        out[EBX] |= CPUID_7_EBX_TSC_ADJUST;
    if (monitor.core_kinds[0])
        answer_hybrid(vcpu, leaf, subleaf, out);
}

static bool wants_ve(const struct vcpu *vcpu)
{
    return vcpu->cpuid_ve & (vcpu->vmcb->cpl ? 2u : 1u);
}

void cpuid_handle(struct vcpu *vcpu)
{
    uint32_t leaf = (uint32_t)vcpu_register(vcpu, RAX);
    uint32_t out[4];
    const struct policy_cpuid *rule = policy_cpuid_of(leaf);
    if (!rule || (rule->direct != POLICY_EMULATE && rule->direct != POLICY_VE))
        fatal(vcpu, "CPUID leaf 0x%x is not known here", leaf);
    if (rule->direct == POLICY_VE || wants_ve(vcpu)) {
        ve_inject(vcpu, VE_REASON_CPUID, 0, CPUID_BYTES);
        return;
    }
    monitor.policy->answer_cpuid(vcpu, leaf, (uint32_t)vcpu_register(vcpu, RCX), out);
    vcpu_set_register(vcpu, RAX, out[EAX]);
    vcpu_set_register(vcpu, RBX, out[EBX]);
    vcpu_set_register(vcpu, RCX, out[ECX]);
    vcpu_set_register(vcpu, RDX, out[EDX]);
    vcpu_skip(vcpu, CPUID_BYTES);
}

bool cpuid_ask_host(struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    const struct policy_cpuid *rule = policy_cpuid_of(leaf);
    if (!rule || rule->host != POLICY_EMULATE)
        return false;
    monitor.policy->answer_cpuid(vcpu, leaf, subleaf, out);
    return true;
}

void cpuid_set_ve(struct vcpu *vcpu)
{
    uint64_t flags = vcpu_register(vcpu, RCX);
    if (flags & ~3ull) {
        vcpu_set_register(vcpu, RAX, TDX_OPERAND_INVALID);
        return;
    }
    vcpu->cpuid_ve = (uint32_t)flags;
    vcpu_set_register(vcpu, RAX, TDX_SUCCESS);
}

uint64_t cpuid_cr4(void)
{
    static const struct {
        uint32_t leaf;
        unsigned reg;
        uint32_t feature, bit;
    } optional[] = {
        {CPUID_FEATURES, 2, CPUID_1_ECX_PCID, CR4_PCIDE},
        {CPUID_FEATURES, 2, CPUID_1_ECX_XSAVE, CR4_OSXSAVE},
        {CPUID_EXTENDED_FEATURES, 1, CPUID_7_EBX_FSGSBASE, CR4_FSGSBASE},
        {CPUID_EXTENDED_FEATURES, 1, CPUID_7_EBX_SMEP, CR4_SMEP},
        {CPUID_EXTENDED_FEATURES, 1, CPUID_7_EBX_SMAP, CR4_SMAP},
        {CPUID_EXTENDED_FEATURES, 2, CPUID_7_ECX_UMIP, CR4_UMIP},
        {CPUID_EXTENDED_FEATURES, 2, CPUID_7_ECX_PKU, CR4_PKE},
        {CPUID_EXTENDED_FEATURES, 2, CPUID_7_ECX_LA57, CR4_LA57},
    };
    uint64_t known = CR4_EVERYWHERE;
    uint32_t r[4];
    for (unsigned i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
        read_cpuid(optional[i].leaf, 0, r);
        known |= r[optional[i].reg] & optional[i].feature ? optional[i].bit : 0;
    }
    return known;
}

uint64_t cpuid_cr3(bool long_mode)
{
    uint32_t r[4];
    read_cpuid(CPUID_ADDRESS_SIZES, 0, r);
    uint64_t addresses = (1ull << (r[0] & CPUID_PHYSICAL_BITS)) - 1;
    return long_mode ? ((uint64_t)PTE_ADDRESS | (PAGE_BYTES - 1)) & addresses : UINT32_MAX;
}
