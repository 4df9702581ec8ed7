/**
 * What a guest of Hyper-V asks of it: CPUID leaves, MSRs and hypercalls (Hypervisor Top Level
 * Functional Specification, TLFS, chapters 2, 3, 7, 12, 15 and appendices A, B).
 */
#ifndef ABI_HYPERV_H
#define ABI_HYPERV_H

/* CPUID (TLFS, 2). "Microsoft Hv" in EBX, ECX, EDX of the first; "Hv#1" in EAX of the second. */
#define HYPERV_CPUID_VENDOR    0x40000000
#define HYPERV_CPUID_INTERFACE 0x40000001
#define HYPERV_CPUID_VERSION   0x40000002
#define HYPERV_CPUID_FEATURES  0x40000003
#define HYPERV_CPUID_ADVICE    0x40000004
#define HYPERV_CPUID_LIMITS    0x40000005
#define HYPERV_VENDOR_EBX      0x7263694D /* "Micr" */
#define HYPERV_VENDOR_ECX      0x666F736F /* "osof" */
#define HYPERV_VENDOR_EDX      0x76482074 /* "t Hv" */
#define HYPERV_INTERFACE       0x31237648 /* "Hv#1" */
#define HYPERV_CPUID_LAST      HYPERV_CPUID_LIMITS

/* Of leaf 0x40000003, EAX: which MSRs there are. */
#define HYPERV_MSRS_TIME_REF_COUNT (1u << 1)
#define HYPERV_MSRS_HYPERCALL      (1u << 5)
#define HYPERV_MSRS_VP_INDEX       (1u << 6)
#define HYPERV_MSRS_RESET          (1u << 7)
#define HYPERV_MSRS_REFERENCE_TSC  (1u << 9)
#define HYPERV_MSRS_FREQUENCIES    (1u << 11)

/* EBX: what the partition may call. */
#define HYPERV_MAY_ACCESS_VSM          (1u << 16)
#define HYPERV_MAY_ACCESS_VP_REGISTERS (1u << 17)
#define HYPERV_MAY_START_VP            (1u << 21)

/* EDX: the frequency MSRs are there. */
#define HYPERV_FEATURE_FREQUENCIES (1u << 8)

/* Of leaf 0x40000004, EAX: what the guest does well to do. EBX: tries of a spinlock; none. */
#define HYPERV_ADVICE_RESET_MSR      (1u << 4)
#define HYPERV_ADVICE_RELAXED_TIMING (1u << 5)
#define HYPERV_ADVICE_X2APIC_MSRS    (1u << 8)
#define HYPERV_ADVICE_NEVER_NOTIFY   0xFFFFFFFFu

#define MSR_HYPERV_GUEST_OS_ID    0x40000000 /* not 0 before hypercalls can be enabled */
#define MSR_HYPERV_HYPERCALL      0x40000001 /* bit 0 enable, 1 locked, 12 to 63 the page */
#define MSR_HYPERV_VP_INDEX       0x40000002
#define MSR_HYPERV_RESET          0x40000003
#define MSR_HYPERV_TIME_REF_COUNT 0x40000020 /* in units of 100 ns */
#define MSR_HYPERV_REFERENCE_TSC  0x40000021 /* bit 0 enable, 12 to 63 the page */
#define MSR_HYPERV_TSC_FREQUENCY  0x40000022 /* in Hz */
#define MSR_HYPERV_APIC_FREQUENCY 0x40000023
#define HYPERV_MSR_ENABLE         (1u << 0)
#define HYPERV_MSR_LOCKED         (1u << 1)
#define HYPERV_MSR_PAGE           0xFFFFFFFFFFFFF000
#define HYPERV_RESET_NOW          (1u << 0)

/* GUEST_OS_ID (TLFS, 2.6.1): open source, no vendor's number, an ID of our own. */
#define HYPERV_OS_ID_MUSTER 0x804D000000000000

/*
 * The control word (TLFS, 3.7), in RCX with the input's address in RDX and the output's in R8;
 * the result in RAX. In a TD by TDG.VP.VMCALL: R10, RDX and R8; the result in R11. Addresses are
 * guest-physical, aligned to 8, and what lies there stays within its page.
 */
#define HYPERV_CALL_ENABLE_VP_VTL 0x000F
#define HYPERV_CALL_START_VP      0x0099
#define HYPERV_CALL_GET_VP_INDEX  0x009A /* from APIC ID; a rep call */
#define HYPERV_CONTROL_CODE       0x000000000000FFFF
#define HYPERV_CONTROL_FAST       (1ull << 16)
#define HYPERV_CONTROL_VARIABLE   0x0000000007FE0000ull /* size of a variable header */
#define HYPERV_CONTROL_REPS_SHIFT 32
#define HYPERV_CONTROL_DONE_SHIFT 48
#define HYPERV_CONTROL_REPS       0xFFFull /* either, once shifted */
#define HYPERV_CONTROL_RESERVED   0xF000F000F8000000ull

/* What TDG.VP.VMCALL passes on: RDX, R8, R10 and R11 (its register mask). */
#define HYPERV_TD_REGISTERS 0x0D04

/* The result: a status, and of a rep call how many are done. */
#define HYPERV_RESULT_STATUS     0xFFFFull
#define HYPERV_RESULT_DONE_SHIFT 32

#define HYPERV_SUCCESS                0x00
#define HYPERV_INVALID_CODE           0x02
#define HYPERV_INVALID_INPUT          0x03
#define HYPERV_INVALID_ALIGNMENT      0x04
#define HYPERV_INVALID_PARAMETER      0x05
#define HYPERV_ACCESS_DENIED          0x06
#define HYPERV_OPERATION_DENIED       0x08
#define HYPERV_INVALID_PARTITION      0x0D
#define HYPERV_INVALID_VP_INDEX       0x0E
#define HYPERV_INVALID_VP_STATE       0x15
#define HYPERV_INVALID_REGISTER_VALUE 0x50
#define HYPERV_INVALID_VTL_STATE      0x51
/* Not done; to be called again. A hypervisor that can hold RIP back may have the instruction run
   once more instead, and its caller never sees this (TLFS, hypercall continuation). */
#define HYPERV_TIME_OUT            0x78
#define HYPERV_VTL_ALREADY_ENABLED 0x86

/* Attributes of the context's segments: long-mode code, data, busy TSS, LDT. */
#define HYPERV_SEGMENT_CODE64 0xA09B
#define HYPERV_SEGMENT_DATA   0xC093
#define HYPERV_SEGMENT_TSS    0x008B
#define HYPERV_SEGMENT_LDT    0x0082

#define HYPERV_THIS_PARTITION 0xFFFFFFFFFFFFFFFF
#define HYPERV_THIS_VP        0xFFFFFFFE
#define HYPERV_HIGHEST_VTL    2

/* Of the target VTL of calls that may leave it out: in bits 3:0 if bit 4 says so. */
#define HYPERV_VTL_NUMBER   0x0F
#define HYPERV_VTL_IS_GIVEN 0x10

/* A segment's attributes: type, S, DPL, P in 7:0; 11:8 reserved; AVL, L, D, G in 15:12. */
#define HYPERV_SEGMENT_LOW        0x00FF
#define HYPERV_SEGMENT_RESERVED   0x0F00
#define HYPERV_SEGMENT_HIGH_SHIFT 12
#define HYPERV_PAGE_BYTES         4096

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct hyperv_segment {
    uint64_t base;
    uint32_t limit;
    uint16_t selector;
    uint16_t attributes;
};

struct hyperv_table {
    uint16_t padding[3];
    uint16_t limit;
    uint64_t base;
};

/** HV_INITIAL_VP_CONTEXT for x64. */
struct hyperv_context {
    uint64_t rip, rsp, rflags;
    struct hyperv_segment cs, ds, es, fs, gs, ss, tr, ldtr;
    struct hyperv_table idtr, gdtr;
    uint64_t efer, cr0, cr3, cr4, pat;
};

/** The input of EnableVpVtl and of StartVirtualProcessor. */
struct hyperv_vp_input {
    uint64_t partition;
    uint32_t vp_index;
    uint8_t vtl;
    uint8_t zero[3];
    struct hyperv_context context;
};

/** The input of GetVpIndexFromApicId; the indexes come back as an array of uint32_t. */
struct hyperv_vp_index_input {
    uint64_t partition;
    uint8_t vtl;
    uint8_t zero[7];
    uint32_t apic_ids[];
};

#define HYPERV_UNITS_PER_S 10000000u /* of time: 100 ns each */

/** The page of MSR_HYPERV_REFERENCE_TSC: time = (TSC * scale >> 64) + offset. */
struct hyperv_reference_tsc {
    uint32_t sequence; /* 0: not usable, read TIME_REF_COUNT instead */
    uint32_t reserved;
    uint64_t scale;
    int64_t offset;
};

_Static_assert(sizeof(struct hyperv_segment) == 16, "segment");
_Static_assert(sizeof(struct hyperv_table) == 16, "table");
_Static_assert(offsetof(struct hyperv_context, cs) == 0x18, "cs");
_Static_assert(offsetof(struct hyperv_context, ss) == 0x68, "ss");
_Static_assert(offsetof(struct hyperv_context, ldtr) == 0x88, "ldtr");
_Static_assert(offsetof(struct hyperv_context, idtr) == 0x98, "idtr");
_Static_assert(offsetof(struct hyperv_context, efer) == 0xB8, "efer");
_Static_assert(sizeof(struct hyperv_context) == 0xE0, "context");
_Static_assert(offsetof(struct hyperv_vp_input, context) == 0x10, "context in input");
_Static_assert(sizeof(struct hyperv_vp_input) == 0xF0, "input");
_Static_assert(sizeof(struct hyperv_vp_index_input) == 16, "index input");
_Static_assert(offsetof(struct hyperv_reference_tsc, scale) == 8, "reference TSC");
#endif
#endif
