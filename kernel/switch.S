/* From one thread to another on the same CPU. */
#include "kernel/percpu.h"

    .section .text.arrival, "ax", @progbits
    .globl switch_stacks, thread_first, this_cpu
    .hidden switch_stacks, thread_first, this_cpu

/*
 * void switch_stacks(uint64_t *save_rsp, uint64_t load_rsp)
 * Entry: interrupts off, on the stack of the thread that stops.
 * Exit:  on the other thread's stack, its callee-saved registers loaded, at its return address.
 */
switch_stacks:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret

/*
 * Entry: returned to by a thread's first switch_stacks(): RBX = body, R12 = argument, RSP =
 *        16-byte aligned end of its stack.
 * Exit:  body(argument), which does not return.
 */
thread_first:
    xorl %ebp, %ebp
    movq %r12, %rdi
    call *%rbx
    ud2

/*
 * struct percpu *this_cpu(void)
 * Entry: GS base = this CPU's block.
 */
this_cpu:
    movq %gs:PERCPU_SELF, %rax
    ret

    .section .note.GNU-stack, "", @progbits
