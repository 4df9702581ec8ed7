/*
 * From an entry page to C: which slot is mine, am I the first to come for it, and its stack.
 */
#include "abi/sev.h"
#include "abi/tdx.h"
#include "abi/x86.h"
#include "lib/cpu/forget.inc"
#include "lib/cpu/slot_layout.h"

#define TD_REGISTERS     0x1C00     /* the calls below pass R10, R11 and R12 */
#define INDEX_MULTIPLIER 0x9E3779B1 /* MUSTER_INDEX_MULTIPLIER, checked in lib/cpu/slot.c */

    .section .text.arrival, "ax", @progbits
    .globl arrive_by_apic_id, arrive_by_slot
    .hidden arrive_by_apic_id, arrive_by_slot

/*
 * Entry: as entry_sipi.S leaves it.
 * Exit:  claim with R10 = slot, or stray.
 *
 * The ID is read from the live APIC, in the mode that the BSP wants; CPUID's initial ID differs
 * on some processors. The order in which CPUs come here means nothing.
 */
arrive_by_apic_id:
    shlq $32, %rdx
    leaq (%rdx, %rax), %r9          /* TSC in long mode */
    cmpl $0, ENTRY_TD(%rbx)
    jne 7f
    movl $MSR_APIC_BASE, %ecx
    rdmsr
    testl $APIC_BASE_X2APIC, %eax
    jnz 2f
    cmpl $0, ENTRY_X2APIC(%rbx)
    je 1f
    orl $(APIC_BASE_X2APIC | APIC_BASE_ENABLED), %eax
    wrmsr
    jmp 2f
1:  shlq $32, %rdx
    andl $~(PAGE_BYTES - 1), %eax
    orq %rdx, %rax
    movl APIC_ID(%rax), %eax
    shrl $APIC_XAPIC_ID_SHIFT, %eax
    jmp 3f
2:  movl $(MSR_X2APIC + APIC_ID / 16), %ecx
    rdmsr
3:  imull $INDEX_MULTIPLIER, %eax, %edx
    movl ENTRY_INDEX_SHIFT(%rbx), %ecx
    shrl %cl, %edx
    movq ENTRY_INDEX(%rbx), %r11
4:  movl 4(%r11, %rdx, 8), %ecx
    testl %ecx, %ecx
    jz stray                        /* an ID that the tables do not list */
    cmpl %eax, (%r11, %rdx, 8)
    je 5f
    incl %edx
    andl ENTRY_INDEX_MASK(%rbx), %edx
    jmp 4b
5:  leal -1(%rcx), %r10d
    xorl %ebp, %ebp                 /* no firmware table, and so no levels */
    jmp found

    /* Any access to the APIC would be a #VE here, without an IDT: the host is asked at once. */
7:  movl $(MSR_X2APIC + APIC_ID / 16), %r12d
    movl $TDVMCALL_RDMSR, %r11d
    xorl %r10d, %r10d
    movl $TD_REGISTERS, %ecx
    xorl %eax, %eax                 /* TDG_VP_VMCALL */
    tdcall
    orq %r10, %rax
    jnz stray                       /* a host that does not tell: nobody's CPU */
    movl %r11d, %eax
    jmp 3b

/*
 * Entry: as entry_mailbox.S leaves it.
 * Exit:  as above.
 */
arrive_by_slot:
    shlq $32, %rdx
    leaq (%rdx, %rax), %r9
    xorl %r8d, %r8d                 /* nothing was checked */
    movl %ebp, %r10d
    andl $~ENTRY_FIVE_LEVELS, %r10d
    shrl $31, %ebp                  /* ENTRY_FIVE_LEVELS */
    addl $4, %ebp

found:
    shlq $SLOT_BYTES_LOG2, %r10
    addq ENTRY_SLOTS(%rbx), %r10
    lock btsl $0, SLOT_CLAIMED(%r10)
    jc stray
    shlq $32, %rsi
    movl %edi, %edi
    orq %rsi, %rdi
    movq %rdi, SLOT_FIRST_TSC(%r10)
    movq %r9, SLOT_LONG_MODE_TSC(%r10)
    movl %esp, %eax
    shlq $12, %rax
    movq %rax, SLOT_FIRMWARE_CR3(%r10)
    movl %ebp, SLOT_FIRMWARE_LEVELS(%r10)
    movl %r8d, SLOT_ENTRY_DID(%r10)
    movq SLOT_PARK_STACK_TOP(%r10), %rsp
    xorl %ebp, %ebp
    movq %r10, %rdi
    forget_registers cpu_initial_vectors
    call park_enter
    ud2

/* Uncounted, or here for a second time: counted, and parked for good without a stack. */
stray:
    movq ENTRY_STRAYS(%rbx), %rax
    lock incl (%rax)
    cli
    cmpl $0, ENTRY_TD(%rbx)
    jne 8f
    cmpl $0, ENTRY_SEV_ES(%rbx)
    jne 9f
6:  hlt
    jmp 6b

    /* HLT would be a #VE: the host is told that nothing is to wake this CPU. */
8:  movl $1, %r12d
    movl $TDVMCALL_HLT, %r11d
    xorl %r10d, %r10d
    movl $TD_REGISTERS, %ecx
    xorl %eax, %eax
    tdcall
    pause
    jmp 8b

    /* HLT would be a #VC: by the MSR protocol the host holds this CPU, which nobody then starts. */
9:  movl $MSR_SEV_GHCB, %ecx
    movl $SEV_MSR_AP_RESET_HOLD, %eax
    xorl %edx, %edx
    wrmsr
    rep                             /* with it, VMMCALL is VMGEXIT: clang 14 has no other name */
    vmmcall
    jmp 9b

    .section .rodata.initial_vectors, "a", @progbits
    .globl cpu_initial_vectors
    .hidden cpu_initial_vectors
    initial_vectors cpu_initial_vectors

    .section .note.GNU-stack, "", @progbits
