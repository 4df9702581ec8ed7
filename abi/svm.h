/**
 * AMD's virtualization (APM vol. 2, chapter 15 and appendices B, C): the VMCB, intercepts, exit
 * codes and event injection. What Muster's monitor uses of it, by the manual's names.
 */
#ifndef ABI_SVM_H
#define ABI_SVM_H

#define EFER_SVME       0x00001000
#define MSR_VM_HSAVE_PA 0xC0010117

#define CPUID_EXT_ECX_SVM (1u << 2)
#define CPUID_SVM         0x8000000A
#define CPUID_SVM_EDX_NPT (1u << 0)

/* Offsets that assembly needs; checked below. */
#define VMCB_SAVE_RAX 0x5F8

/* Intercepts at 0x000: reads of CR n in bit n, writes in bit 16 + n. */
#define SVM_INTERCEPT_CR_READ(n)  (1u << (n))
#define SVM_INTERCEPT_CR_WRITE(n) (1u << (16 + (n)))

/* Intercepts at 0x00C. */
#define SVM_INTERCEPT_INTR     (1u << 0)
#define SVM_INTERCEPT_NMI      (1u << 1)
#define SVM_INTERCEPT_SMI      (1u << 2)
#define SVM_INTERCEPT_INIT     (1u << 3)
#define SVM_INTERCEPT_RDPMC    (1u << 15)
#define SVM_INTERCEPT_CPUID    (1u << 18)
#define SVM_INTERCEPT_RSM      (1u << 19)
#define SVM_INTERCEPT_IRET     (1u << 20)
#define SVM_INTERCEPT_INVD     (1u << 22)
#define SVM_INTERCEPT_HLT      (1u << 24)
#define SVM_INTERCEPT_INVLPGA  (1u << 26)
#define SVM_INTERCEPT_IOIO     (1u << 27)
#define SVM_INTERCEPT_MSR      (1u << 28)
#define SVM_INTERCEPT_TASK     (1u << 29)
#define SVM_INTERCEPT_SHUTDOWN (1u << 31)

/* Intercepts at 0x010. */
#define SVM_INTERCEPT_VMRUN   (1u << 0)
#define SVM_INTERCEPT_VMMCALL (1u << 1)
#define SVM_INTERCEPT_VMLOAD  (1u << 2)
#define SVM_INTERCEPT_VMSAVE  (1u << 3)
#define SVM_INTERCEPT_STGI    (1u << 4)
#define SVM_INTERCEPT_CLGI    (1u << 5)
#define SVM_INTERCEPT_SKINIT  (1u << 6)
#define SVM_INTERCEPT_WBINVD  (1u << 9)
#define SVM_INTERCEPT_MONITOR (1u << 10)
#define SVM_INTERCEPT_MWAIT   (1u << 11)

#define SVM_NESTED_PAGING 1u
#define SVM_TLB_FLUSH_ALL 1u
#define SVM_INT_V_MASKING (1u << 24)

/* Exit codes (appendix C). */
#define SVM_EXIT_READ_CR0  0x000
#define SVM_EXIT_WRITE_CR0 0x010
#define SVM_EXIT_LAST_CR   0x01F
#define SVM_EXIT_EXCEPTION 0x040 /* + vector */
#define SVM_EXIT_INTR      0x060
#define SVM_EXIT_NMI       0x061
#define SVM_EXIT_INIT      0x063
#define SVM_EXIT_RDPMC     0x06F
#define SVM_EXIT_CPUID     0x072
#define SVM_EXIT_IRET      0x074
#define SVM_EXIT_INVD      0x076
#define SVM_EXIT_HLT       0x078
#define SVM_EXIT_INVLPGA   0x07A
#define SVM_EXIT_IOIO      0x07B
#define SVM_EXIT_MSR       0x07C
#define SVM_EXIT_TASK      0x07D
#define SVM_EXIT_SHUTDOWN  0x07F
#define SVM_EXIT_VMRUN     0x080
#define SVM_EXIT_VMMCALL   0x081
#define SVM_EXIT_VMLOAD    0x082
#define SVM_EXIT_VMSAVE    0x083
#define SVM_EXIT_STGI      0x084
#define SVM_EXIT_CLGI      0x085
#define SVM_EXIT_SKINIT    0x086
#define SVM_EXIT_WBINVD    0x089
#define SVM_EXIT_MONITOR   0x08A
#define SVM_EXIT_MWAIT     0x08B
#define SVM_EXIT_NPF       0x400
#define SVM_EXIT_INVALID   (~0ull)

/* EXITINFO1 of an IOIO exit. EXITINFO2 is the next instruction's address. */
#define SVM_IOIO_IN         (1u << 0)
#define SVM_IOIO_STRING     (1u << 2)
#define SVM_IOIO_REP        (1u << 3)
#define SVM_IOIO_SIZE_SHIFT 4 /* one of three bits: 8, 16, 32 bits */
#define SVM_IOIO_PORT_SHIFT 16

/* EXITINFO1 of a nested page fault. EXITINFO2 is the guest-physical address. */
#define SVM_NPF_PRESENT (1u << 0)
#define SVM_NPF_WRITE   (1u << 1)
#define SVM_NPF_FETCH   (1u << 4)
#define SVM_NPF_WALK    (1ull << 33) /* of the guest's own page tables */

/* EVENTINJ and EXITINTINFO. */
#define SVM_EVENT_VALID      (1u << 31)
#define SVM_EVENT_ERROR_CODE (1u << 11)
#define SVM_EVENT_NMI        (2u << 8)
#define SVM_EVENT_EXCEPTION  (3u << 8)
#define SVM_EVENT_VECTOR     0xFFu

/* MSR permission map: three ranges of 2 KiB, two bits for each MSR (read, write). */
#define SVM_MSRPM_BYTES       0x2000
#define SVM_MSRPM_RANGE_BYTES 0x800
#define SVM_MSRPM_RANGE_MSRS  0x2000
#define SVM_MSRPM_HIGH_BASE   0xC0000000
#define SVM_IOPM_BYTES        0x3000

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct svm_segment {
    uint16_t selector;
    uint16_t attributes; /* type, S, DPL, P in 7:0; AVL, L, D, G in 11:8 */
    uint32_t limit;
    uint64_t base;
};
#define SVM_SEGMENT_CODE32 0x0C9B
#define SVM_SEGMENT_CODE64 0x0A9B
#define SVM_SEGMENT_DATA   0x0C93
#define SVM_SEGMENT_TSS    0x008B
#define SVM_SEGMENT_LDT    0x0082
#define SVM_SEGMENT_LONG   0x0200 /* L */
#define SVM_SEGMENT_D      0x0400

struct svm_vmcb {
    uint32_t intercept_cr;
    uint32_t intercept_dr;
    uint32_t intercept_exceptions;
    uint32_t intercept_1; /* at 0x00C */
    uint32_t intercept_2; /* at 0x010 */
    uint8_t reserved_014[0x040 - 0x014];
    uint64_t iopm_phys;
    uint64_t msrpm_phys;
    uint64_t tsc_offset;
    uint32_t asid;
    uint32_t tlb_control;
    uint32_t int_control;
    uint32_t int_vector;
    uint64_t int_shadow;
    uint64_t exit_code;
    uint64_t exit_info_1;
    uint64_t exit_info_2;
    uint64_t exit_int_info;
    uint64_t nested_control;
    uint8_t reserved_098[0x0A8 - 0x098];
    uint64_t event_inject;
    uint64_t nested_cr3;
    uint8_t reserved_0b8[0x400 - 0x0B8];
    struct svm_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
    uint8_t reserved_4a0[0x4CB - 0x4A0];
    uint8_t cpl;
    uint32_t reserved_4cc;
    uint64_t efer;
    uint8_t reserved_4d8[0x548 - 0x4D8];
    uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
    uint8_t reserved_580[0x5D8 - 0x580];
    uint64_t rsp;
    uint8_t reserved_5e0[0x5F8 - 0x5E0];
    uint64_t rax, star, lstar, cstar, sfmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip, cr2;
    uint8_t reserved_648[0x668 - 0x648];
    uint64_t pat;
    uint8_t reserved_670[0x1000 - 0x670];
};
#define SVM_CHECK(field, offset)                                                                   \
    _Static_assert(offsetof(struct svm_vmcb, field) == (offset), "APM vol. 2, appendix B")
SVM_CHECK(intercept_2, 0x010);
SVM_CHECK(iopm_phys, 0x040);
SVM_CHECK(asid, 0x058);
SVM_CHECK(int_control, 0x060);
SVM_CHECK(int_shadow, 0x068);
SVM_CHECK(exit_code, 0x070);
SVM_CHECK(exit_int_info, 0x088);
SVM_CHECK(nested_control, 0x090);
SVM_CHECK(event_inject, 0x0A8);
SVM_CHECK(nested_cr3, 0x0B0);
SVM_CHECK(es, 0x400);
SVM_CHECK(tr, 0x490);
SVM_CHECK(cpl, 0x4CB);
SVM_CHECK(efer, 0x4D0);
SVM_CHECK(cr4, 0x548);
SVM_CHECK(rip, 0x578);
SVM_CHECK(rsp, 0x5D8);
SVM_CHECK(rax, VMCB_SAVE_RAX);
SVM_CHECK(kernel_gs_base, 0x620);
SVM_CHECK(cr2, 0x640);
SVM_CHECK(pat, 0x668);
#undef SVM_CHECK
_Static_assert(sizeof(struct svm_vmcb) == 0x1000, "APM vol. 2, appendix B");
#endif

#endif
