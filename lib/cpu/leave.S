/*
 * Out of the park area, and from one depth of page tables to another.
 */
#include "abi/x86.h"
#include "lib/cpu/forget.inc"
#include "lib/cpu/slot_layout.h"

    .section .text.arrival, "ax", @progbits
    .globl cpu_jump_to_entry, cpu_go_off, cpu_leave, cpu_switch_levels
    .hidden cpu_jump_to_entry, cpu_go_off, cpu_leave, cpu_switch_levels

/*
 * void cpu_jump_to_entry(slot, context, stack_top, entry)
 * Entry: long mode, interrupts off, on the park stack.
 * Exit:  entry(slot, context) on @stack_top, which is left as a call would; all other general
 *        registers zero.
 */
cpu_jump_to_entry:
    movq %rdx, %rsp
    movq %rcx, %rax
    xorl %ebx, %ebx
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %ebp, %ebp
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
    call *%rax
    ud2

/*
 * void cpu_go_off(slot)
 * Entry: long mode, interrupts off, on the host's stack and page tables, which map the slot.
 * Exit:  park_reenter(slot) on the slot's park stack, all flags clear that can be, nothing of the
 *        host's in other registers.
 *
 * The stack goes first, and page tables only behind it: the park tables need not map the host's.
 */
cpu_go_off:
    movq SLOT_PARK_STACK_TOP(%rdi), %rsp
    xorl %ebp, %ebp
    pushq $RFLAGS_FIXED             /* AC, DF, NT, IOPL: the host's */
    popfq
    forget_registers cpu_initial_vectors
    call park_reenter
    ud2

/*
 * void cpu_leave(vector)
 * Entry: long mode, interrupts off, @vector's page mapped 1:1 and executable.
 * Exit:  at @vector with RAX = vector, all other general registers zero, no stack.
 */
cpu_leave:
    movq %rdi, %rax
    xorl %ebx, %ebx
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %ebp, %ebp
    xorl %esp, %esp
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
    jmpq *%rax

/*
 * void cpu_switch_levels(cr3)
 * Entry: long mode, interrupts off; this code, the stack and @cr3 below 4 GiB and mapped 1:1 by
 *        the present table and by @cr3.
 * Exit:  the same place on @cr3, CR4.LA57 flipped, same GDT, CS and SS re-loaded from it.
 *
 * LA57 can only change with paging off, which needs 32-bit mode (SDM vol. 3, 5.1.1). A GDT with
 * a 32-bit code segment lies on the stack meanwhile: null, 64-bit code, data, 32-bit code.
 */
cpu_switch_levels:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $64, %rsp
    sgdt 48(%rsp)
    movw %cs, 58(%rsp)
    movw %ss, 60(%rsp)
    movq $0, (%rsp)
    movabsq $0x00AF9B000000FFFF, %rax
    movq %rax, 8(%rsp)
    movabsq $0x00CF93000000FFFF, %rax
    movq %rax, 16(%rsp)
    movabsq $0x00CF9B000000FFFF, %rax
    movq %rax, 24(%rsp)
    movw $31, 32(%rsp)
    movq %rsp, 34(%rsp)
    lgdt 32(%rsp)
    movq %rsp, %rbp                 /* a copy: loading SS keeps RSP, but to be plain */
    leaq 1f(%rip), %rax
    pushq $0x18
    pushq %rax
    lretq

    .code32
1:  movl $0x10, %eax
    movl %eax, %ss
    movl %eax, %ds
    movl %cr0, %eax
    andl $~CR0_PG, %eax
    movl %eax, %cr0
    movl %cr4, %eax
    andl $~CR4_PCIDE, %eax
    xorl $CR4_LA57, %eax
    movl %eax, %cr4
    movl %edi, %cr3
    movl %cr0, %eax
    orl $CR0_PG, %eax
    movl %eax, %cr0
    /* CS still says 32 bits; EFER.LME made this compatibility mode again. */
    call 2f
2:  popl %eax
    addl $(3f - 2b), %eax
    pushl $0x08
    pushl %eax
    lretl

    .code64
3:  movl %ebp, %esp                 /* zero-extends: the upper half is unknown after 32-bit mode */
    xorl %eax, %eax
    movl %eax, %ds
    lgdt 48(%rsp)
    movzwl 60(%rsp), %eax
    movl %eax, %ss
    movzwl 58(%rsp), %eax
    pushq %rax
    leaq 4f(%rip), %rax
    pushq %rax
    lretq
4:  addq $64, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret

    .section .note.GNU-stack, "", @progbits
