/*
 * The tdx profile. Which CPUID leaves and MSRs the module answers itself and which raise #VE
 * follows the TDX module's tables (CPUID and MSR virtualization); what the host grants is what
 * this machine has and a guest has been seen to need.
 */
#include "abi/hyperv.h"
#include "abi/tdx.h"
#include "abi/x86.h"
#include "monitor/cpuid.h"
#include "monitor/faults.h"
#include "monitor/hyperv.h"
#include "monitor/msr.h"
#include "monitor/policy_machine.h"
#include "monitor/tdcall.h"
#include "monitor/tdvmcall.h"
#include "monitor/tsc.h"
#include "monitor/ve.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

/* Leaves 0, 1 and 0x21 are asked before a guest has an IDT. */
static const struct policy_cpuid cpuid[] = {
    {0x00000000, 0x00000002, POLICY_EMULATE, POLICY_EMULATE},
    {0x00000003, 0x00000003, POLICY_VE, POLICY_EMULATE},
    {0x00000004, 0x00000004, POLICY_EMULATE, POLICY_EMULATE},
    {0x00000005, 0x00000006, POLICY_VE, POLICY_EMULATE},
    {0x00000007, 0x00000007, POLICY_EMULATE, POLICY_EMULATE},
    {0x00000008, 0x0000000A, POLICY_VE, POLICY_EMULATE},
    {0x0000000B, 0x0000000B, POLICY_EMULATE, POLICY_EMULATE},
    {0x0000000C, 0x0000000C, POLICY_VE, POLICY_EMULATE},
    {0x0000000D, 0x00000021, POLICY_EMULATE, POLICY_EMULATE},
    {0x40000000, 0x4FFFFFFF, POLICY_VE, POLICY_EMULATE},
    {0x80000000, 0x80000008, POLICY_EMULATE, POLICY_EMULATE},
    {0x00000022, 0xFFFFFFFF, POLICY_VE, POLICY_EMULATE}, /* nothing there: zeros */
};

#define OPEN   POLICY_ALLOW, POLICY_ALLOW, POLICY_REFUSE, POLICY_REFUSE
#define NATIVE POLICY_EMULATE, POLICY_EMULATE, POLICY_EMULATE, POLICY_EMULATE
#define ASK    POLICY_VE, POLICY_VE, POLICY_EMULATE, POLICY_EMULATE
#define ABSENT POLICY_VE, POLICY_VE, POLICY_ABSENT, POLICY_ABSENT
#define EMPTY  POLICY_VE, POLICY_VE, POLICY_IGNORE, POLICY_IGNORE

static const struct policy_msr msrs[] = {
    {MSR_TSC, MSR_TSC, POLICY_EMULATE, POLICY_VE, POLICY_REFUSE, POLICY_REFUSE, tsc_msr_counter,
     "TSC"},
    {0x17, 0x17, EMPTY, NULL, "PLATFORM_ID"},
    {MSR_APIC_BASE, MSR_APIC_BASE, POLICY_EMULATE, POLICY_VE, POLICY_EMULATE, POLICY_EMULATE,
     msr_apic_base, "APIC_BASE"},
    {0x34, 0x34, ABSENT, NULL, "SMI_COUNT"},
    {0x3A, 0x3A, ABSENT, NULL, "FEATURE_CONTROL"},
    {0x48, 0x48, OPEN, NULL, "SPEC_CTRL"},
    {0x4E, 0x4F, ABSENT, NULL, "PPIN"},
    {0x8B, 0x8B, EMPTY, NULL, "BIOS_SIGN_ID"},
    {MSR_MTRRCAP, MSR_MTRRCAP, EMPTY, NULL, "MTRRCAP"},
    {0x140, 0x140, ABSENT, NULL, "MISC_FEATURES_ENABLES"},
    {MSR_SYSENTER_CS, MSR_SYSENTER_CS + 2, OPEN, NULL, "SYSENTER"},
    {MSR_MCG_CAP, MSR_MCG_CTL, EMPTY, NULL, "MCG"},
    /* Linux reads it before it has an IDT (verify_cpu). */
    {0x1A0, 0x1A0, POLICY_EMULATE, POLICY_VE, POLICY_EMULATE, POLICY_EMULATE, msr_misc_enable,
     "MISC_ENABLE"},
    /* MTRRs: no variable range, and the type of all memory is not theirs to say: DEF_TYPE = 0. */
    {MSR_MTRR_FIX64K_0, MSR_MTRR_FIX64K_0, EMPTY, NULL, "MTRR_FIX64K"},
    {MSR_MTRR_FIX16K_0, MSR_MTRR_FIX16K_1, EMPTY, NULL, "MTRR_FIX16K"},
    {MSR_MTRR_FIX4K_0, MSR_MTRR_FIX4K_0 + 7, EMPTY, NULL, "MTRR_FIX4K"},
    {0x64E, 0x64E, ABSENT, NULL, "PPERF"},
    {MSR_PAT, MSR_PAT, OPEN, NULL, "PAT"},
    {MSR_MTRR_DEF_TYPE, MSR_MTRR_DEF_TYPE, EMPTY, NULL, "MTRR_DEF_TYPE"},
    /* Answered by the module where it virtualizes the APIC: TPR, PPR, EOI, ISR to IRR, self. */
    {0x808, 0x808, NATIVE, msr_x2apic, "x2APIC TPR"},
    {0x80A, 0x80B, NATIVE, msr_x2apic, "x2APIC PPR, EOI"},
    {0x810, 0x827, NATIVE, msr_x2apic, "x2APIC ISR, TMR, IRR"},
    {0x83F, 0x83F, NATIVE, msr_x2apic, "x2APIC self IPI"},
    {MSR_X2APIC, MSR_X2APIC + 0xFF, ASK, msr_x2apic, "x2APIC"},
    {0xDA0, 0xDA0, OPEN, NULL, "XSS"},
    /* Hyper-V's, for who asked for its hypercalls. */
    {MSR_HYPERV_GUEST_OS_ID, MSR_HYPERV_GUEST_OS_ID, ASK, hyperv_msr_guest_os_id, "GUEST_OS_ID"},
    {MSR_HYPERV_VP_INDEX, MSR_HYPERV_VP_INDEX, ASK, hyperv_msr_number, "VP_INDEX"},
    {MSR_HYPERV_TIME_REF_COUNT, MSR_HYPERV_TIME_REF_COUNT, ASK, hyperv_msr_number,
     "TIME_REF_COUNT"},
    {MSR_EFER, MSR_EFER, NATIVE, msr_efer, "EFER"},
    {MSR_STAR, MSR_FMASK, OPEN, NULL, "SYSCALL"},
    {MSR_FS_BASE, MSR_KERNEL_GS_BASE, OPEN, NULL, "FS and GS base"},
    {0xC0000103, 0xC0000103, OPEN, NULL, "TSC_AUX"},
    {0xC0011029, 0xC0011029, ABSENT, NULL, "DE_CFG: AMD's"},
    {0x00000000, 0xFFFFFFFF, POLICY_VE, POLICY_VE, POLICY_REFUSE, POLICY_REFUSE, NULL,
     "in no table"},
};

static const struct policy_call calls[] = {
    {TDG_VP_VMCALL, tdcall_vp_vmcall, "TDG.VP.VMCALL"},
    {TDG_VP_INFO, tdcall_vp_info, "TDG.VP.INFO"},
    {TDG_MR_RTMR_EXTEND, tdcall_rtmr_extend, "TDG.MR.RTMR.EXTEND"},
    {TDG_VP_VEINFO_GET, ve_get_info, "TDG.VP.VEINFO.GET"},
    {TDG_MR_REPORT, tdcall_mr_report, "TDG.MR.REPORT"},
    {TDG_VP_CPUIDVE_SET, cpuid_set_ve, "TDG.VP.CPUIDVE.SET"},
    {TDG_MEM_PAGE_ACCEPT, tdcall_page_accept, "TDG.MEM.PAGE.ACCEPT"},
    {TDG_VM_RD, tdcall_vm_read, "TDG.VM.RD"},
    {TDG_VM_WR, tdcall_vm_write, "TDG.VM.WR"},
};

static const struct policy_call host_calls[] = {
    {TDVMCALL_CPUID, tdvmcall_cpuid, "CPUID"},
    {TDVMCALL_HLT, tdvmcall_hlt, "HLT"},
    {TDVMCALL_IO, tdvmcall_io, "IO"},
    {TDVMCALL_RDMSR, tdvmcall_rdmsr, "RDMSR"},
    {TDVMCALL_WRMSR, tdvmcall_wrmsr, "WRMSR"},
    {TDVMCALL_MMIO, tdvmcall_mmio, "MMIO"},
    {TDVMCALL_GET_INFO, tdvmcall_get_info, "GetTdVmCallInfo"},
    {TDVMCALL_MAP_GPA, tdvmcall_map_gpa, "MapGPA"},
    {TDVMCALL_GET_QUOTE, tdvmcall_get_quote, "GetQuote"},
    {TDVMCALL_EVENT_NOTIFY, tdvmcall_get_quote, "SetupEventNotifyInterrupt"},
    {TDVMCALL_FATAL_ERROR, tdvmcall_fatal_error, "ReportFatalError"},
};

const struct policy policy_tdx = {
    .name = "tdx",
    .confidential = true,
    .instructions =
        {
            [POLICY_HLT] = POLICY_VE,
            [POLICY_WBINVD] = POLICY_VE,
            [POLICY_INVD] = POLICY_VE,
            [POLICY_MONITOR] = POLICY_VE,
            [POLICY_MWAIT] = POLICY_VE,
            [POLICY_IO] = POLICY_VE,
            [POLICY_VMCALL] = POLICY_VE,
            [POLICY_VMMCALL] = POLICY_UD,
            [POLICY_TDCALL] = POLICY_EMULATE,
        },
    .answer_cpuid = cpuid_answer_td,
    .handle_fault = fault_handle,
    .cpuid = cpuid,
    .msrs = msrs,
    .ports = machine_ports,
    .ranges = machine_ranges,
    .calls = calls,
    .host_calls = host_calls,
    .cpuid_count = COUNT_OF(cpuid),
    .msr_count = COUNT_OF(msrs),
    .port_count = MACHINE_PORTS,
    .range_count = MACHINE_RANGES,
    .call_count = COUNT_OF(calls),
    .host_call_count = COUNT_OF(host_calls),
};
