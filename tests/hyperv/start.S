/*
 * The start of the guests of tests/hyperv: from the reset vector to C in long mode, on tables that
 * map the first 4 GiB 1:1; what only assembly can do for C; and where VPs begin that are started
 * with a context.
 */
#include "abi/hyperv.h"
#include "abi/x86.h"
#include "tests/hyperv/guest.h"

#define ALL_RIGHTS (PTE_PRESENT | PTE_WRITABLE | PTE_USER)

/*
 * Entry: the reset vector: 32-bit protected mode, paging off, ESI = the vCPU's index.
 * Exit:  guest_main(index) on a stack of its own.
 */
    .section .text, "ax", @progbits
    .code32
    .globl start_32
start_32:
    lgdt gdt_register
    movl %cr4, %eax
    orl $(CR4_PAE | CR4_OSFXSR), %eax
    movl %eax, %cr4
    movl $guest_root, %eax
    movl %eax, %cr3
    movl %cr0, %eax
    orl $CR0_PG, %eax
    movl %eax, %cr0                 /* EFER.LME is set */
    ljmpl $SELECTOR_CODE, $start_64

    .code64
start_64:
    movl $SELECTOR_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %esi, %edi
    leal 1(%rsi), %eax
    imull $STACK_BYTES, %eax
    leaq stacks(%rip), %rsp
    addq %rax, %rsp
    xorl %ebp, %ebp
    call guest_main
1:  hlt
    jmp 1b

/*
 * uint64_t guest_vmcall(control, input_phys, output_phys), and by VMMCALL, and by a page.
 */
    .globl guest_vmcall, guest_vmmcall, guest_call_page
    .hidden guest_vmcall, guest_vmmcall, guest_call_page
guest_vmcall:
    movq %rdx, %r8
    movq %rsi, %rdx
    movq %rdi, %rcx
    vmcall
    ret
guest_vmmcall:
    movq %rdx, %r8
    movq %rsi, %rdx
    movq %rdi, %rcx
    vmmcall
    ret
/* ... control, input_phys, output_phys, page */
guest_call_page:
    movq %rcx, %rax
    movq %rdx, %r8
    movq %rsi, %rdx
    movq %rdi, %rcx
    call *%rax
    ret

/*
 * unsigned guest_try(void (*function)(void *), void *argument): the vector of the exception that
 * ended the function, or NO_EXCEPTION. Not on two VPs at once.
 */
    .globl guest_try
    .hidden guest_try
guest_try:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, try_rsp(%rip)
    movq %rdi, %rax
    movq %rsi, %rdi
    call *%rax
    movl $NO_EXCEPTION, %eax
try_out:
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

    .macro trap name, vector
    .globl \name
    .hidden \name
\name:
    movl $\vector, %eax
    movq try_rsp(%rip), %rsp
    jmp try_out
    .endm
    trap guest_trap_ud, VECTOR_UD
    trap guest_trap_gp, VECTOR_GP
    trap guest_trap_pf, VECTOR_PF

/*
 * void guest_sleep(void): until the interrupt that guest_interrupt takes. Interrupts off around it.
 */
    .globl guest_sleep, guest_interrupt
    .hidden guest_sleep, guest_interrupt
guest_sleep:
    sti
    hlt
    cli
    ret
guest_interrupt:
    pushq %rax
    pushq %rcx
    pushq %rdx
    incl interrupts(%rip)
    movl $(MSR_X2APIC + APIC_EOI / 16), %ecx
    xorl %eax, %eax
    xorl %edx, %edx
    wrmsr
    popq %rdx
    popq %rcx
    popq %rax
    iretq

/*
 * void guest_call_as_user(void *): VMCALL at CPL 3. Comes back as an exception.
 */
    .globl guest_call_as_user
    .hidden guest_call_as_user
guest_call_as_user:
    movq %rsp, %rax
    pushq $SELECTOR_USER_DATA
    pushq %rax
    pushq $RFLAGS_FIXED
    pushq $SELECTOR_USER_CODE
    leaq 2f(%rip), %rax
    pushq %rax
    iretq
2:  vmcall
    hlt                             /* #GP: not the exception that is due */

/*
 * Entry: a VP that was started with vp_context. Nothing but its own registers is known.
 * Exit:  all that can be seen of them in seen[], seen_done = 1; then it makes the hypercall vp_next,
 *        once there is one, with vp_input, and sleeps for good.
 */
    .globl vp_entry
    .hidden vp_entry
vp_entry:
    movq %rax, seen + SEEN_RAX(%rip)
    movq %rsp, seen + SEEN_RSP(%rip)
    pushfq
    popq %rax
    movq %rax, seen + SEEN_RFLAGS(%rip)
    cld
    orq %rbx, %rcx
    orq %rdx, %rcx
    orq %rsi, %rcx
    orq %rdi, %rcx
    orq %rbp, %rcx
    orq %r8, %rcx
    orq %r9, %rcx
    orq %r10, %rcx
    orq %r11, %rcx
    orq %r12, %rcx
    orq %r13, %rcx
    orq %r14, %rcx
    orq %r15, %rcx
    movq %rcx, seen + SEEN_OTHERS(%rip)
    leaq vp_entry(%rip), %rax
    movq %rax, seen + SEEN_RIP(%rip)
    .macro selector register, place
    movl \register, %eax
    movq %rax, seen + \place(%rip)
    .endm
    selector %cs, SEEN_CS
    selector %ds, SEEN_DS
    selector %es, SEEN_ES
    selector %fs, SEEN_FS
    selector %gs, SEEN_GS
    selector %ss, SEEN_SS
    xorl %eax, %eax
    str %ax
    movq %rax, seen + SEEN_TR(%rip)
    xorl %eax, %eax
    sldt %ax
    movq %rax, seen + SEEN_LDTR(%rip)
    sidt seen + SEEN_IDTR(%rip)
    sgdt seen + SEEN_GDTR(%rip)
    movq %cr0, %rax
    movq %rax, seen + SEEN_CR0(%rip)
    movq %cr3, %rax
    movq %rax, seen + SEEN_CR3(%rip)
    movq %cr4, %rax
    movq %rax, seen + SEEN_CR4(%rip)
    .macro msr number, place
    movl $\number, %ecx
    rdmsr
    shlq $32, %rdx
    orq %rdx, %rax
    movq %rax, seen + \place(%rip)
    .endm
    msr MSR_FS_BASE, SEEN_FS_BASE
    msr MSR_GS_BASE, SEEN_GS_BASE
    msr MSR_EFER, SEEN_EFER
    msr MSR_PAT, SEEN_PAT
    /* LDTR's base, by a selector of the LDT; TR's, by the stack that its TSS has for #UD. */
    movl $SELECTOR_LDT_DATA, %eax
    movl %eax, %es
    ud2
    .globl vp_trap
    .hidden vp_trap
vp_trap:
    movq %rsp, seen + SEEN_TRAP_RSP(%rip)
    movq 32(%rsp), %rsp
    movl $1, %eax
    movl %eax, seen_done(%rip)
    /* One VP starts the next, as OpenVMM's sidecar does. */
6:  pause
    movq vp_next(%rip), %rdi
    testq %rdi, %rdi
    jz 6b
7:  movq vp_next(%rip), %rdi
    leaq vp_input(%rip), %rsi
    xorl %edx, %edx
    call guest_vmcall
    cmpq $HYPERV_TIME_OUT, %rax
    je 7b
    movq %rax, vp_next_result(%rip)
    movl $1, %eax
    movl %eax, vp_next_done(%rip)
3:  hlt
    jmp 3b

/*
 * Entry: a VP that was started in long mode, or in 32-bit protected mode without paging.
 * Exit:  arrived counts it; it sleeps for good.
 */
    .globl vp_arrive_64, vp_arrive_32
    .hidden vp_arrive_64, vp_arrive_32
vp_arrive_64:
    lock incl arrived(%rip)
4:  hlt
    jmp 4b
    .code32
vp_arrive_32:
    lock incl arrived
5:  hlt
    jmp 5b

    .section .data
    .balign 4096
    .globl guest_root
    .hidden guest_root
guest_root:
    .quad pointers + ALL_RIGHTS
    .quad shared_pointers + ALL_RIGHTS
    .balign 4096
pointers:
    .quad 0x00000000 + ALL_RIGHTS + PTE_LARGE
    .quad 0x40000000 + ALL_RIGHTS + PTE_LARGE
    .quad 0x80000000 + ALL_RIGHTS + PTE_LARGE
    .quad 0xC0000000 + ALL_RIGHTS + PTE_LARGE
    .quad 0x100000000 + ALL_RIGHTS + PTE_LARGE
    .balign 4096
shared_pointers:                    /* of a TD: the same memory with the shared bit */
    .quad SHARED_BIT + ALL_RIGHTS + PTE_LARGE
    .balign 4096

    .balign 16
    .globl guest_gdt, guest_gdt_end
    .hidden guest_gdt, guest_gdt_end
guest_gdt:
    .quad 0
    .quad 0x00AF9B000000FFFF        /* code */
    .quad 0x00CF93000000FFFF        /* data, five of them, told apart by their selectors */
    .quad 0x00CF93000000FFFF
    .quad 0x00CF93000000FFFF
    .quad 0x00CF93000000FFFF
    .quad 0x00CF93000000FFFF
    .quad 0x00AFFB000000FFFF        /* the user's code */
    .quad 0x00CFF3000000FFFF        /* the user's data */
    .quad 0, 0                      /* TSS */
    .quad 0, 0                      /* LDT */
guest_gdt_end:
gdt_register:
    .word guest_gdt_end - guest_gdt - 1
    .long guest_gdt

    .section .bss
    .balign 4096
stacks:
    .skip STACK_BYTES * VPS
try_rsp:
    .skip 8

    .section .note.GNU-stack, "", @progbits
