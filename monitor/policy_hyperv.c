/*
 * The hyperv profile: one partition of a Hyper-V hypervisor, whose VPs are started by hypercall.
 * It reaches memory and devices by itself; the machine's MSRs that are one processor's own affair
 * it has too. All else is the hypervisor's (TLFS), or refused by name.
 */
#include "abi/hyperv.h"
#include "abi/x86.h"
#include "monitor/cpuid.h"
#include "monitor/faults.h"
#include "monitor/hyperv.h"
#include "monitor/msr.h"
#include "monitor/policy_machine.h"
#include "monitor/tsc.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

static const struct policy_cpuid cpuid[] = {
    {0x00000000, 0xFFFFFFFF, POLICY_EMULATE, POLICY_REFUSE},
};

/* Nobody asks a host for an MSR here. */
#define NO_HOST POLICY_REFUSE, POLICY_REFUSE
#define OPEN    POLICY_ALLOW, POLICY_ALLOW, NO_HOST
#define FIXED   POLICY_ALLOW, POLICY_REFUSE, NO_HOST
#define NATIVE  POLICY_EMULATE, POLICY_EMULATE, NO_HOST
#define TOLD    POLICY_EMULATE, POLICY_GP, NO_HOST
#define ABSENT  POLICY_ABSENT, POLICY_ABSENT, NO_HOST

static const struct policy_msr msrs[] = {
    {MSR_TSC, MSR_TSC, NATIVE, tsc_msr_counter, "TSC"},
    {0x17, 0x17, FIXED, NULL, "PLATFORM_ID"},
    {MSR_APIC_BASE, MSR_APIC_BASE, NATIVE, msr_apic_base, "APIC_BASE"},
    {0x34, 0x34, ABSENT, NULL, "SMI_COUNT"},
    {0x3A, 0x3A, ABSENT, NULL, "FEATURE_CONTROL"},
    {MSR_TSC_ADJUST, MSR_TSC_ADJUST, NATIVE, tsc_msr_adjust, "TSC_ADJUST"},
    {0x48, 0x48, OPEN, NULL, "SPEC_CTRL"},
    {0x4E, 0x4F, ABSENT, NULL, "PPIN"},
    {0x8B, 0x8B, POLICY_IGNORE, POLICY_IGNORE, NO_HOST, NULL, "BIOS_SIGN_ID"},
    {MSR_MTRRCAP, MSR_MTRRCAP, FIXED, NULL, "MTRRCAP"},
    {0x140, 0x140, ABSENT, NULL, "MISC_FEATURES_ENABLES"},
    {MSR_SYSENTER_CS, MSR_SYSENTER_CS + 2, OPEN, NULL, "SYSENTER"},
    {MSR_MCG_CAP, MSR_MCG_CAP, FIXED, NULL, "MCG_CAP"},
    {MSR_MCG_STATUS, MSR_MCG_CTL, OPEN, NULL, "MCG"},
    {0x1A0, 0x1A0, NATIVE, msr_misc_enable, "MISC_ENABLE"},
    {MSR_MTRR_PHYSBASE0, MSR_MTRR_PHYSBASE0 + 15, OPEN, NULL, "MTRR_PHYS"},
    {MSR_MTRR_FIX64K_0, MSR_MTRR_FIX64K_0, OPEN, NULL, "MTRR_FIX64K"},
    {MSR_MTRR_FIX16K_0, MSR_MTRR_FIX16K_1, OPEN, NULL, "MTRR_FIX16K"},
    {MSR_MTRR_FIX4K_0, MSR_MTRR_FIX4K_0 + 7, OPEN, NULL, "MTRR_FIX4K"},
    {MSR_PAT, MSR_PAT, NATIVE, msr_pat, "PAT"},
    {MSR_MTRR_DEF_TYPE, MSR_MTRR_DEF_TYPE, OPEN, NULL, "MTRR_DEF_TYPE"},
    {MSR_MC0_CTL, MSR_MC0_CTL + 10 * MC_BANK_MSRS - 1, OPEN, NULL, "machine check banks"},
    {0x64E, 0x64E, ABSENT, NULL, "PPERF"},
    {MSR_X2APIC, MSR_X2APIC + 0xFF, NATIVE, msr_x2apic, "x2APIC"},
    {0xDA0, 0xDA0, OPEN, NULL, "XSS"},
    {MSR_HYPERV_GUEST_OS_ID, MSR_HYPERV_GUEST_OS_ID, NATIVE, hyperv_msr_guest_os_id, "GUEST_OS_ID"},
    {MSR_HYPERV_HYPERCALL, MSR_HYPERV_HYPERCALL, NATIVE, hyperv_msr_hypercall, "HYPERCALL"},
    {MSR_HYPERV_VP_INDEX, MSR_HYPERV_VP_INDEX, TOLD, hyperv_msr_number, "VP_INDEX"},
    {MSR_HYPERV_RESET, MSR_HYPERV_RESET, NATIVE, hyperv_msr_reset, "RESET"},
    {MSR_HYPERV_TIME_REF_COUNT, MSR_HYPERV_TIME_REF_COUNT, TOLD, hyperv_msr_number,
     "TIME_REF_COUNT"},
    {MSR_HYPERV_REFERENCE_TSC, MSR_HYPERV_REFERENCE_TSC, NATIVE, hyperv_msr_reference_tsc,
     "REFERENCE_TSC"},
    {MSR_HYPERV_TSC_FREQUENCY, MSR_HYPERV_APIC_FREQUENCY, TOLD, hyperv_msr_number, "FREQUENCY"},
    {MSR_EFER, MSR_EFER, NATIVE, msr_efer, "EFER"},
    {MSR_STAR, MSR_FMASK, OPEN, NULL, "SYSCALL"},
    {MSR_FS_BASE, MSR_KERNEL_GS_BASE, OPEN, NULL, "FS and GS base"},
    {0xC0000103, 0xC0000103, OPEN, NULL, "TSC_AUX"},
    {0xC0011029, 0xC0011029, ABSENT, NULL, "DE_CFG: AMD's"},
};

const struct policy policy_hyperv = {
    .name = "hyperv",
    .vps_wait = true,
    .instructions =
        {
            [POLICY_HLT] = POLICY_EMULATE,
            [POLICY_WBINVD] = POLICY_IGNORE, /* no cache of this machine has anything to write */
            [POLICY_INVD] = POLICY_IGNORE,
            [POLICY_MONITOR] = POLICY_UD, /* CPUID has none */
            [POLICY_MWAIT] = POLICY_UD,
            [POLICY_IO] = POLICY_EMULATE,
            [POLICY_VMCALL] = POLICY_EMULATE,
            [POLICY_VMMCALL] = POLICY_EMULATE,
            [POLICY_TDCALL] = POLICY_UD,
        },
    .answer_cpuid = cpuid_answer_hyperv,
    .handle_fault = fault_handle_direct,
    .cpuid = cpuid,
    .msrs = msrs,
    .ports = machine_ports,
    .ranges = machine_ranges,
    .cpuid_count = COUNT_OF(cpuid),
    .msr_count = COUNT_OF(msrs),
    .port_count = MACHINE_PORTS,
    .range_count = MACHINE_RANGES,
};
