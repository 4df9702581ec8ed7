/**
 * AMD SEV-ES and SEV-SNP as a guest sees them: how they are found, the save area that a virtual
 * processor starts from (APM vol. 2, 15.36 and appendix B, table B-4), RMPADJUST (APM vol. 3), and
 * the calls of the hypervisor (Guest-Hypervisor Communication Block Standardization, GHCB).
 */
#ifndef ABI_SEV_H
#define ABI_SEV_H

/* CPUID 0x8000001F, EAX: what the processor has; the MSR says what is on for this guest. */
#define SEV_CPUID_SEV (1u << 1)
#define SEV_CPUID_ES  (1u << 3)
#define SEV_CPUID_SNP (1u << 4)

#define MSR_SEV_GHCB          0xC0010130
#define MSR_SEV_STATUS        0xC0010131
#define SEV_STATUS_SEV        (1u << 0)
#define SEV_STATUS_ES         (1u << 1)
#define SEV_STATUS_SNP        (1u << 2)
#define SEV_STATUS_SECURE_TSC (1u << 11)
#define SEV_FEATURES_SHIFT    2 /* SEV_STATUS, shifted, is a VMSA's sev_features */

/* The GHCB MSR protocol (GHCB, 2.3): what works without a GHCB page. */
#define SEV_MSR_AP_RESET_HOLD 0x006

/* Exit codes of VMGEXIT with a GHCB page (GHCB, 4.1). */
#define SEV_EXIT_AP_RESET_HOLD  0x80000004
#define SEV_EXIT_AP_JUMP_TABLE  0x80000005 /* info 1: 0 set, 1 get; the address is info 2 */
#define SEV_JUMP_TABLE_GET      1
#define SEV_EXIT_AP_CREATION    0x80000013 /* info 1 as below, info 2 the VMSA, RAX its features */
#define SEV_AP_CREATE           1
#define SEV_AP_DESTROY          2
#define SEV_AP_VMPL_SHIFT       16
#define SEV_AP_APIC_ID_SHIFT    32
#define SEV_EXIT_INFO_1_FAILURE 0xFFFFFFFF /* not 0 in these bits: the hypervisor refused */
#define SEV_EXIT_MALFORMED      2          /* it does so by this; info 2 says why: */
#define SEV_EXIT_INVALID_INPUT  5

/* RMPADJUST: RDX, and what it answers in EAX. A VMSA is made for a VMPL above the caller's. */
#define RMPADJUST_VMPL_1  1
#define RMPADJUST_VMSA    (1u << 16)
#define RMPADJUST_SUCCESS 0
#define RMPADJUST_DENIED  2 /* FAIL_PERMISSION: not at VMPL 0 */
#define RMPADJUST_IN_USE  3 /* FAIL_INUSE: a processor has it in use */

/* The jump table of SEV-ES (GHCB, 4.3): the far address that an AP's real mode begins at. */
#define SEV_JUMP_TABLE_BYTES 4

#define SEV_EFER_SVME      0x1000 /* VMRUN wants it set, in a guest's state too */
#define SEV_VMSA_BYTES     4096
#define SEV_LARGE_PAGE     0x200000 /* a VMSA must not begin one (erratum of the first SNP parts) */
#define SEV_SEGMENT_CODE64 0x0A9B
#define SEV_SEGMENT_DATA   0x0C93
#define SEV_SEGMENT_LDT    0x0082
#define SEV_SEGMENT_TSS    0x008B
#define SEV_DR6_AT_RESET   0xFFFF0FF0
#define SEV_DR7_AT_RESET   0x00000400
#define SEV_XCR0_AT_RESET  0x1
#define SEV_MXCSR_AT_RESET 0x1F80
#define SEV_X87_FTW        0x5555
#define SEV_X87_FCW        0x0040

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct sev_jump_table {
    uint16_t ip;
    uint16_t cs;
};
_Static_assert(sizeof(struct sev_jump_table) == SEV_JUMP_TABLE_BYTES, "GHCB, 4.3");

struct sev_segment {
    uint16_t selector;
    uint16_t attributes; /* type, S, DPL, P in 7:0; AVL, L, D, G in 11:8 */
    uint32_t limit;
    uint64_t base;
};

struct sev_vmsa {
    struct sev_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
    uint64_t shadow_stacks[4]; /* one for each ring */
    uint64_t u_cet;
    uint8_t reserved_0c8[2];
    uint8_t vmpl;
    uint8_t cpl;
    uint8_t reserved_0cc[4];
    uint64_t efer;
    uint8_t reserved_0d8[0x140 - 0x0D8];
    uint64_t xss, cr4, cr3, cr0, dr7, dr6, rflags, rip;
    uint64_t dr[4], dr_mask[4];
    uint8_t reserved_1c0[0x1D8 - 0x1C0];
    uint64_t rsp, s_cet, ssp, isst, rax;
    uint64_t star, lstar, cstar, sfmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip, cr2;
    uint8_t reserved_248[0x268 - 0x248];
    uint64_t pat, debugctl, branch_from, branch_to, exception_from, exception_to;
    uint8_t reserved_298[0x2E8 - 0x298];
    uint32_t pkru, tsc_aux;
    uint64_t tsc_scale, tsc_offset;
    uint8_t reserved_300[8];
    uint64_t rcx, rdx, rbx, reserved_320, rbp, rsi, rdi;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint8_t reserved_380[0x390 - 0x380];
    uint64_t exit_info_1, exit_info_2, exit_int_info, next_rip;
    uint64_t sev_features, interrupt_control, exit_code, virtual_tom;
    uint64_t tlb_id, pcpu_id, event_inject, xcr0;
    uint8_t reserved_3f0[0x400 - 0x3F0];
    uint64_t x87_dp;
    uint32_t mxcsr;
    uint16_t x87_ftw, x87_fsw, x87_fcw;
    uint8_t rest[SEV_VMSA_BYTES - 0x412];
} __attribute__((packed));
#define SEV_CHECK(field, offset)                                                                   \
    _Static_assert(offsetof(struct sev_vmsa, field) == (offset), "APM vol. 2, table B-4")
SEV_CHECK(cs, 0x010);
SEV_CHECK(gdtr, 0x060);
SEV_CHECK(tr, 0x090);
SEV_CHECK(u_cet, 0x0C0);
SEV_CHECK(vmpl, 0x0CA);
SEV_CHECK(cpl, 0x0CB);
SEV_CHECK(efer, 0x0D0);
SEV_CHECK(xss, 0x140);
SEV_CHECK(cr4, 0x148);
SEV_CHECK(cr3, 0x150);
SEV_CHECK(cr0, 0x158);
SEV_CHECK(rflags, 0x170);
SEV_CHECK(rip, 0x178);
SEV_CHECK(rsp, 0x1D8);
SEV_CHECK(rax, 0x1F8);
SEV_CHECK(cr2, 0x240);
SEV_CHECK(pat, 0x268);
SEV_CHECK(pkru, 0x2E8);
SEV_CHECK(tsc_scale, 0x2F0);
SEV_CHECK(rcx, 0x308);
SEV_CHECK(rbp, 0x328);
SEV_CHECK(r15, 0x378);
SEV_CHECK(exit_info_1, 0x390);
SEV_CHECK(sev_features, 0x3B0);
SEV_CHECK(xcr0, 0x3E8);
SEV_CHECK(x87_dp, 0x400);
SEV_CHECK(mxcsr, 0x408);
SEV_CHECK(x87_fcw, 0x410);
#undef SEV_CHECK
_Static_assert(sizeof(struct sev_vmsa) == SEV_VMSA_BYTES, "APM vol. 2, table B-4");
#endif

#endif
