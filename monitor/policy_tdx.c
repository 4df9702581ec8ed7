/*
 * The tdx profile. Which CPUID leaves and MSRs the module answers itself and which raise #VE
 * follows the TDX module's tables (CPUID and MSR virtualization); what the host grants is what
 * this machine has and a guest has been seen to need.
 */
#include "abi/fw_cfg.h"
#include "abi/tdx.h"
#include "abi/x86.h"
#include "monitor/cpuid.h"
#include "monitor/devices.h"
#include "monitor/layout.h"
#include "monitor/monitor.h"
#include "monitor/msr.h"
#include "monitor/npt.h"
#include "monitor/tdcall.h"
#include "monitor/tdvmcall.h"
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
    {0x10, 0x10, POLICY_ALLOW, POLICY_VE, POLICY_REFUSE, POLICY_REFUSE, NULL, "TSC"},
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
    {MSR_EFER, MSR_EFER, NATIVE, msr_efer, "EFER"},
    {MSR_STAR, MSR_FMASK, OPEN, NULL, "SYSCALL"},
    {MSR_FS_BASE, MSR_KERNEL_GS_BASE, OPEN, NULL, "FS and GS base"},
    {0xC0000103, 0xC0000103, OPEN, NULL, "TSC_AUX"},
    {0xC0011029, 0xC0011029, ABSENT, NULL, "DE_CFG: AMD's"},
};

static const struct policy_port ports[] = {
    {0x0000, 0x001F, POLICY_ALLOW, NULL, "DMA controller"},
    {0x0020, 0x0021, POLICY_ALLOW, NULL, "PIC"},
    {0x0040, 0x0043, POLICY_ALLOW, NULL, "PIT"},
    {0x0060, 0x0061, POLICY_ALLOW, NULL, "keyboard, port B"},
    {0x0064, 0x0064, POLICY_EMULATE, port_reset, "keyboard"},
    {0x0070, 0x0077, POLICY_ALLOW, NULL, "CMOS"},
    {0x0080, 0x008F, POLICY_ALLOW, NULL, "POST codes, DMA pages"},
    {0x0092, 0x0092, POLICY_EMULATE, port_reset, "port A"},
    {0x00A0, 0x00A1, POLICY_ALLOW, NULL, "PIC"},
    {0x00B2, 0x00B3, POLICY_ALLOW, NULL, "APM"},
    {0x00C0, 0x00DF, POLICY_ALLOW, NULL, "DMA controller"},
    {0x00E9, 0x00E9, POLICY_EMULATE, port_debug_console, "debug console"},
    {0x00ED, 0x00ED, POLICY_IGNORE, NULL, "delay"},
    {0x0402, 0x0402, POLICY_ALLOW, NULL, "firmware's debug console"},
    {0x02E8, 0x02EF, POLICY_ALLOW, NULL, "COM4"},
    {0x02F8, 0x02FF, POLICY_ALLOW, NULL, "COM2"},
    {0x03B0, 0x03DF, POLICY_ALLOW, NULL, "VGA"},
    {0x03E8, 0x03EF, POLICY_ALLOW, NULL, "COM3"},
    {0x03F0, 0x03F7, POLICY_ALLOW, NULL, "floppy"},
    {0x03F8, 0x03FF, POLICY_ALLOW, NULL, "COM1"},
    {0x04D0, 0x04D1, POLICY_ALLOW, NULL, "PIC edge or level"},
    {FW_CFG_PORT_SELECTOR, FW_CFG_PORT_DATA, POLICY_ALLOW, NULL, "fw_cfg"},
    {FW_CFG_PORT_DMA_HIGH, FW_CFG_PORT_DMA_LOW + 3, POLICY_EMULATE, port_fw_cfg_dma, "fw_cfg DMA"},
    {0x0604, 0x0605, POLICY_EMULATE, port_power, "ACPI PM1 control"},
    {0x0600, 0x067F, POLICY_ALLOW, NULL, "ACPI PM"},
    {0x0CD8, 0x0CE3, POLICY_ALLOW, NULL, "CPU hotplug"},
    {0x0CC0, 0x0CD7, POLICY_ALLOW, NULL, "PCI hotplug"},
    {0x0CF9, 0x0CF9, POLICY_EMULATE, port_reset, "chipset reset"},
    {0x0CF8, 0x0CFF, POLICY_ALLOW, NULL, "PCI configuration"},
    {0x1000, 0xFFFF, POLICY_ALLOW, NULL, "PCI devices"},
    {0x0000, 0xFFFF, POLICY_IGNORE, NULL, "nothing: reads as all ones"},
};

static const struct policy_range ranges[] = {
    {APIC_DEFAULT_PHYS, APIC_DEFAULT_PHYS + PAGE_BYTES - 1, POLICY_REFUSE,
     "the local APIC: a TD's is an x2APIC"},
    {ROM_PHYS, GUEST_FOUR_GIB - 1, POLICY_REFUSE, "the monitor's ROM"},
    {GUEST_LOW_END, ROM_PHYS - 1, POLICY_ALLOW, "devices below 4 GiB"},
    {MONITOR_PHYS, MONITOR_RAM_END - 1, POLICY_REFUSE, "the monitor's memory"},
    {MONITOR_RAM_END, GUEST_SHARED_BIT - 1, POLICY_ALLOW, "devices above 4 GiB"},
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
    {TDVMCALL_GET_QUOTE + 2, tdvmcall_get_quote, "SetupEventNotifyInterrupt"},
    {TDVMCALL_FATAL_ERROR, tdvmcall_fatal_error, "ReportFatalError"},
};

const struct policy policy_tdx = {
    .name = "tdx",
    .cpuid = cpuid,
    .msrs = msrs,
    .ports = ports,
    .ranges = ranges,
    .calls = calls,
    .host_calls = host_calls,
    .cpuid_count = COUNT_OF(cpuid),
    .msr_count = COUNT_OF(msrs),
    .port_count = COUNT_OF(ports),
    .range_count = COUNT_OF(ranges),
    .call_count = COUNT_OF(calls),
    .host_call_count = COUNT_OF(host_calls),
};
