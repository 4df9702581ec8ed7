/**
 * What a TD asks of the TDX module and of its host (Intel TDX Module ABI; Guest-Hypervisor
 * Communication Interface, GHCI 1.5).
 */
#ifndef ABI_TDX_H
#define ABI_TDX_H

/* TDCALL leaves, in RAX. */
#define TDG_VP_VMCALL       0
#define TDG_VP_INFO         1
#define TDG_MR_RTMR_EXTEND  2
#define TDG_VP_VEINFO_GET   3
#define TDG_MR_REPORT       4
#define TDG_VP_CPUIDVE_SET  5
#define TDG_MEM_PAGE_ACCEPT 6
#define TDG_VM_RD           7
#define TDG_VM_WR           8

/* Completion status, in RAX: 0, or the error class in the upper half. */
#define TDX_SUCCESS               0x0000000000000000
#define TDX_OPERAND_INVALID       0xC000010000000000
#define TDX_PAGE_ALREADY_ACCEPTED 0x00000B0A00000000
#define TDX_PAGE_SIZE_MISMATCH    0xC0000B0B00000000
#define TDX_NO_VALID_VE_INFO      0xC000070400000000
#define TDX_METADATA_FIELD_ID     0xC0000C0000000000
#define TDX_METADATA_NOT_WRITABLE 0xC0000C0100000000
#define TDX_METADATA_VALUE        0xC0000C0300000000

/* TDG.VP.VMCALL: R10 = 0 (standard), R11 = one of these; status in R10, results in R11 ... */
#define TDVMCALL_CPUID           10
#define TDVMCALL_HLT             12 /* R12: 1 = interrupts blocked */
#define TDVMCALL_IO              30 /* R12 size, R13 1 = out, R14 port, R15 value; R11 result */
#define TDVMCALL_RDMSR           31
#define TDVMCALL_WRMSR           32
#define TDVMCALL_MMIO            48 /* R12 size, R13 1 = write, R14 address, R15 value */
#define TDVMCALL_GET_INFO        0x10000
#define TDVMCALL_MAP_GPA         0x10001 /* R12 start (shared bit says which), R13 bytes */
#define TDVMCALL_GET_QUOTE       0x10002
#define TDVMCALL_FATAL_ERROR     0x10003
#define TDVMCALL_EVENT_NOTIFY    0x10004 /* R12 the vector */
#define TDVMCALL_SUCCESS         0
#define TDVMCALL_RETRY           1
#define TDVMCALL_INVALID_OPERAND 0x8000000000000000
#define TDVMCALL_ALIGN_ERROR     0x8000000000000002 /* MapGPA: not whole pages */

/* Exit reasons in VEINFO.RCX (SDM vol. 3, appendix C). */
#define VE_REASON_CPUID         10
#define VE_REASON_HLT           12
#define VE_REASON_IO            30
#define VE_REASON_RDMSR         31
#define VE_REASON_WRMSR         32
#define VE_REASON_EPT_VIOLATION 48
#define VE_REASON_WBINVD        54

/* TDG.VP.INFO: RCX bits 5:0 GPAW, RDX attributes, R8 vCPUs (max in the upper half), R9 index. */
#define TDX_ATTRIBUTE_SEPT_VE_DISABLE (1 << 28)

/* TDG.MEM.PAGE.ACCEPT: RCX = address | level. */
#define TDX_LEVEL_4K 0
#define TDX_LEVEL_2M 1

/* TDG.VM.RD / WR field IDs that Linux uses. */
#define TDX_FIELD_TD_CTLS        0x1110000300000017
#define TDX_FIELD_CONFIG_FLAGS   0x1110000300000016
#define TDX_FIELD_NOTIFY_ENABLES 0x9100000000000010
#define TDX_FIELD_TOPOLOGY_ENUM  0x9100000000000019 /* the host has given every vCPU's x2APIC ID */

#define TDX_TD_CTLS_PENDING_VE_DISABLE (1 << 0)
#define TDX_TD_CTLS_ENUM_TOPOLOGY      (1 << 1)
#define TDX_TD_CTLS_VIRT_CPUID2        (1 << 2)
#define TDX_TD_CTLS_REDUCE_VE          (1 << 3)
#define TDX_NOTIFY_ENABLES_EPT_FAULTS  (1 << 0) /* #VE when the host seems to single-step the TD */

#endif
