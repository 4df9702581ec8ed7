/**
 * What the processor fixes (Intel SDM vol. 3 and 4, AMD APM vol. 2): control registers, MSRs,
 * local APIC registers, page-table bits, selectors' rules. Usable from C and from assembly.
 */
#ifndef ABI_X86_H
#define ABI_X86_H

/* Control registers (SDM vol. 3, 2.5). */
#define CR0_PE         0x00000001
#define CR0_MP         0x00000002
#define CR0_EM         0x00000004
#define CR0_TS         0x00000008
#define CR0_ET         0x00000010
#define CR0_NE         0x00000020
#define CR0_WP         0x00010000
#define CR0_AM         0x00040000
#define CR0_NW         0x20000000
#define CR0_CD         0x40000000
#define CR0_PG         0x80000000
#define CR4_DE         0x00000008
#define CR4_PSE        0x00000010
#define CR4_PAE        0x00000020
#define CR4_MCE        0x00000040
#define CR4_PGE        0x00000080
#define CR4_OSFXSR     0x00000200
#define CR4_OSXMMEXCPT 0x00000400
#define CR4_UMIP       0x00000800
#define CR4_LA57       0x00001000
#define CR4_FSGSBASE   0x00010000
#define CR4_PCIDE      0x00020000
#define CR4_OSXSAVE    0x00040000
#define CR4_SMEP       0x00100000
#define CR4_SMAP       0x00200000
#define CR4_PKE        0x00400000

/* RFLAGS (SDM vol. 1, 3.4.3). */
#define RFLAGS_CF    0x00000001
#define RFLAGS_FIXED 0x00000002
#define RFLAGS_PF    0x00000004
#define RFLAGS_AF    0x00000010
#define RFLAGS_ZF    0x00000040
#define RFLAGS_SF    0x00000080
#define RFLAGS_TF    0x00000100
#define RFLAGS_IF    0x00000200
#define RFLAGS_DF    0x00000400
#define RFLAGS_OF    0x00000800
#define RFLAGS_IOPL  0x00003000
#define RFLAGS_NT    0x00004000
#define RFLAGS_AC    0x00040000

/* Debug registers without a breakpoint (SDM vol. 3, 17.2). */
/* The FXSAVE area, with which an XSAVE area begins (SDM vol. 1, 10.5.1 and 13.4). */
#define FXSAVE_BYTES         512
#define FXSAVE_MXCSR         24
#define FXSAVE_XMM           160 /* sixteen of 16 bytes */
#define FXSAVE_FCW_INITIAL   0x037F
#define FXSAVE_MXCSR_INITIAL 0x1F80
#define XSAVE_HEADER_BYTES   64
#define XSAVE_ALIGNMENT      64

#define DR6_NONE    0xFFFF0FF0
#define DR7_NONE    0x00000400
#define DR7_LOCAL_0 0x00000001

/* MSRs (SDM vol. 4; names without their IA32_ prefix). */
#define MSR_APIC_BASE      0x0000001B
#define MSR_TSC            0x00000010
#define MSR_TSC_ADJUST     0x0000003B
#define MSR_SPEC_CTRL      0x00000048
#define MSR_PRED_CMD       0x00000049
#define PRED_CMD_IBPB      0x1
#define MSR_MTRRCAP        0x000000FE
#define MSR_SYSENTER_CS    0x00000174
#define MSR_MCG_CAP        0x00000179
#define MSR_MCG_STATUS     0x0000017A
#define MSR_MCG_CTL        0x0000017B
#define MSR_MTRR_PHYSBASE0 0x00000200 /* base and mask pairs, MTRRCAP.VCNT of them */
#define MSR_MTRR_FIX64K_0  0x00000250
#define MSR_MTRR_FIX16K_0  0x00000258
#define MSR_MTRR_FIX16K_1  0x00000259
#define MSR_MTRR_FIX4K_0   0x00000268 /* eight of them */
#define MSR_PAT            0x00000277
#define MSR_MTRR_DEF_TYPE  0x000002FF
#define MSR_MC0_CTL        0x00000400 /* CTL, STATUS, ADDR, MISC for each bank */
#define MSR_MC0_STATUS     0x00000401
#define MSR_X2APIC         0x00000800 /* + APIC register offset / 16 */
#define MSR_EFER           0xC0000080
#define MSR_STAR           0xC0000081
#define MSR_LSTAR          0xC0000082
#define MSR_CSTAR          0xC0000083
#define MSR_FMASK          0xC0000084
#define MSR_FS_BASE        0xC0000100
#define MSR_GS_BASE        0xC0000101
#define MSR_KERNEL_GS_BASE 0xC0000102

#define APIC_BASE_BSP        0x00000100
#define APIC_BASE_X2APIC     0x00000400
#define APIC_BASE_ENABLED    0x00000800
#define APIC_BASE_ADDRESS    0x000FFFFFFFFFF000
#define MTRRCAP_VCNT         0x000000FF
#define MTRRCAP_FIX          0x00000100
#define MTRR_PHYSMASK_VALID  0x00000800
#define MTRR_DEF_TYPE_FIXED  0x00000400
#define MTRR_DEF_TYPE_ENABLE 0x00000800
#define PAT_AT_RESET         0x0007040600070406
#define EFER_SCE             0x00000001
#define EFER_LME             0x00000100
#define EFER_LMA             0x00000400
#define EFER_NXE             0x00000800
#define MCG_CAP_COUNT        0x000000FF /* of banks */
#define MCG_CAP_CTL_P        0x00000100 /* MCG_CTL exists */
#define MC_BANK_MSRS         4          /* CTL, STATUS, ADDR, MISC */
#define MCG_STATUS_RIPV      0x00000001 /* the interrupted program can go on */
#define MCG_STATUS_MCIP      0x00000004

/* Local APIC register offsets (SDM vol. 3, 11.4.1) and their bits. */
#define APIC_ID            0x020
#define APIC_VERSION       0x030
#define APIC_TPR           0x080
#define APIC_EOI           0x0B0
#define APIC_SVR           0x0F0
#define APIC_ISR           0x100 /* APIC_ISR_WORDS of them, 0x10 apart */
#define APIC_ISR_WORDS     8
#define APIC_IRR           0x200 /* likewise */
#define APIC_ESR           0x280
#define APIC_ICR_LOW       0x300
#define APIC_ICR_HIGH      0x310
#define APIC_LVT_TIMER     0x320
#define APIC_LVT_THERMAL   0x330
#define APIC_LVT_COUNTER   0x340
#define APIC_LVT_LINT0     0x350
#define APIC_LVT_LINT1     0x360
#define APIC_LVT_ERROR     0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE  0x3E0

#define IOAPIC_PHYS         0xFEC00000
#define APIC_DEFAULT_PHYS   0xFEE00000
#define APIC_SVR_ENABLE     0x00000100
#define APIC_LVT_MASKED     0x00010000
#define APIC_DIVIDE_BY_16   0x00000003
#define APIC_XAPIC_ID_SHIFT 24
#define APIC_XAPIC_ID_LIMIT 0xFF /* the broadcast ID; an xAPIC reaches those below */

#define ICR_FIXED         0x00000000
#define ICR_NMI           0x00000400
#define ICR_INIT          0x00000500
#define ICR_SIPI          0x00000600
#define ICR_DELIVERY_MODE 0x00000700
#define ICR_PENDING       0x00001000
#define ICR_ASSERT        0x00004000
#define ICR_LEVEL         0x00008000
#define ICR_ALL_BUT_SELF  0x000C0000
#define ICR_X2_DEST_SHIFT 32
#define ICR_X_DEST_SHIFT  24

/* Paging (SDM vol. 3, chapter 5). */
#define PAGE_BYTES     0x1000
#define PTE_PRESENT    0x001
#define PTE_WRITABLE   0x002
#define PTE_USER       0x004
#define PTE_PWT        0x008
#define PTE_PCD        0x010
#define PTE_ACCESSED   0x020
#define PTE_DIRTY      0x040
#define PTE_LARGE      0x080 /* in a PDPTE: 1 GiB; in a PDE: 2 MiB */
#define PTE_GLOBAL     0x100
#define PTE_ADDRESS    0x000FFFFFFFFFF000
#define PTE_NO_EXECUTE 0x8000000000000000
#define PTE_ENTRIES    512

/* Exceptions (SDM vol. 3, 6.3.1). */
#define DR6_BREAKPOINTS 0x0000000F
#define DR6_SINGLE_STEP 0x00004000

#define VECTOR_DE  0
#define VECTOR_DB  1
#define VECTOR_NMI 2
#define VECTOR_UD  6
#define VECTOR_DF  8
#define VECTOR_TS  10
#define VECTOR_NP  11
#define VECTOR_GP  13
#define VECTOR_PF  14
#define VECTOR_MC  18
#define VECTOR_VE  20

/* CPUID leaves and bits that Muster asks for. */
#define CPUID_FEATURES           0x00000001
#define CPUID_1_ECX_MONITOR      (1u << 3)
#define CPUID_1_ECX_PCID         (1u << 17)
#define CPUID_1_ECX_X2APIC       (1u << 21)
#define CPUID_1_ECX_XSAVE        (1u << 26)
#define CPUID_1_ECX_OSXSAVE      (1u << 27) /* as CR4 has it */
#define CPUID_1_ECX_HYPERVISOR   (1u << 31)
#define CPUID_1_EDX_PGE          (1u << 13)
#define CPUID_1_EDX_MTRR         0x00001000
#define CPUID_1_EDX_PAT          (1u << 16)
#define CPUID_1_EDX_MCE          (1u << 7)
#define CPUID_1_EDX_MCA          (1u << 14)
#define CPUID_VENDOR_INTEL_EBX   0x756E6547 /* leaf 0: "Genu"ineIntel */
#define CPUID_VENDOR_AMD_EBX     0x68747541 /* "Auth"enticAMD */
#define CPUID_VENDOR_HYGON_EBX   0x6F677948 /* "Hygo"nGenuine */
#define CPUID_MWAIT              0x00000005
#define CPUID_EXTENDED_FEATURES  0x00000007
#define CPUID_7_EBX_FSGSBASE     (1u << 0)
#define CPUID_7_EBX_SMEP         (1u << 7)
#define CPUID_7_EBX_SMAP         (1u << 20)
#define CPUID_7_ECX_UMIP         (1u << 2)
#define CPUID_7_ECX_PKU          (1u << 3)
#define CPUID_7_ECX_OSPKE        (1u << 4) /* as CR4 has it */
#define CPUID_7_ECX_LA57         (1u << 16)
#define CPUID_7_EBX_TSC_ADJUST   (1u << 1)
#define CPUID_7_EDX_HYBRID       (1u << 15)
#define CPUID_7_EDX_IBRS_IBPB    (1u << 26) /* SPEC_CTRL and PRED_CMD */
#define CPUID_7_EDX_STIBP        (1u << 27)
#define CPUID_7_EDX_SSBD         (1u << 31)
#define CPUID_TOPOLOGY           0x0000000B /* a sub-leaf for each level */
#define CPUID_CORE_KIND          0x0000001A
#define CPUID_TOPOLOGY_V2        0x0000001F /* as 0xB, with more kinds of level */
#define CPUID_LEVEL_SHIFT        0x0000001F /* eax: to the next level's ID */
#define CPUID_LEVEL_TYPE_SHIFT   8          /* ecx, 8 bits */
#define CPUID_LEVEL_NONE         0
#define CPUID_LEVEL_SMT          1
#define CPUID_LEVEL_DIE          5
#define CPUID_CORE_KIND_SHIFT    24 /* eax */
#define CPUID_CORE_KIND_ATOM     0x20
#define CPUID_CORE_KIND_CORE     0x40
#define CPUID_TDX                0x00000021 /* "IntelTDX    " in ebx, edx, ecx */
#define CPUID_HYPERVISOR         0x40000000
#define CPUID_EXTENDED_MAX       0x80000000
#define CPUID_EXTENDED           0x80000001
#define CPUID_EXT_EDX_SYSCALL    (1u << 11)
#define CPUID_EXT_EDX_NX         (1u << 20)
#define CPUID_EXT_EDX_1GIB_PAGES (1u << 26)
#define CPUID_BRAND              0x80000002 /* and the next two: the processor's name in parts */
#define CPUID_BRAND_BYTES        48u        /* of all three */
#define CPUID_ADDRESS_SIZES      0x80000008
#define CPUID_PHYSICAL_BITS      0xFF       /* of EAX */
#define CPUID_8_EBX_IBPB         (1u << 12) /* AMD's, of CPUID_ADDRESS_SIZES; the next too */
#define CPUID_8_EBX_IBRS         (1u << 14)
#define CPUID_8_EBX_STIBP        (1u << 15)
#define CPUID_8_EBX_SSBD         (1u << 24)
#define CPUID_SEV                0x8000001F

#ifndef __ASSEMBLER__
#include <stdint.h>

/* The operand of LGDT and LIDT in long mode. */
struct x86_table_register {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));
_Static_assert(sizeof(struct x86_table_register) == 10, "SDM vol. 3, 2.4");

/* 64-bit TSS (SDM vol. 3, 8.7). */
struct x86_tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map_base;
} __attribute__((packed));
_Static_assert(sizeof(struct x86_tss) == 104, "SDM vol. 3, 8.7");

/* 64-bit interrupt gate (SDM vol. 3, 6.14.1). */
struct x86_gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type; /* present, DPL, type */
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};
_Static_assert(sizeof(struct x86_gate) == 16, "SDM vol. 3, 6.14.1");
#define X86_INTERRUPT_GATE 0x8E
#define X86_GATE_PRESENT   0x80 /* in the gate's type */
#endif

#endif
