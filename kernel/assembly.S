/* A fault on purpose, a fill at the speed of the string instructions, and vector registers. */
#include "abi/x86.h"

#define RECOVERY_RSP 0
#define RECOVERY_RIP 8

    .text
    .globl provoke_fault, fill_quadwords, vectors_load, vectors_store
    .hidden provoke_fault, fill_quadwords, vectors_load, vectors_store

/*
 * void provoke_fault(struct recovery *recovery)
 * Entry: on a stack that stays valid until the handler has run.
 * Exit:  by way of the trap handler, which loads RSP and RIP from @recovery; a double fault's
 *        own frame is no good for that (SDM vol. 3, 6.15: the saved RIP is undefined).
 */
provoke_fault:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    leaq 1f(%rip), %rax
    movq %rsp, RECOVERY_RSP(%rdi)
    movq %rax, RECOVERY_RIP(%rdi)
    ud2
1:  popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret

/*
 * void fill_quadwords(void *to, uint64_t value, uint64_t count)
 * Entry: direction flag clear.
 */
fill_quadwords:
    movq %rsi, %rax
    movq %rdx, %rcx
    rep stosq
    ret

/*
 * void vectors_load(const struct vectors *from)
 * void vectors_store(struct vectors *to)
 * Entry: @from, or @to, aligned to 16 bytes. CR4.OSFXSR, which this kernel has no use for, is set
 *        only meanwhile, and CR0.TS is clear.
 */
vectors_load:
    movq %cr4, %rax
    movq %rax, %rdx
    orq $CR4_OSFXSR, %rax
    movq %rax, %cr4
    fxrstor (%rdi)
    movq %rdx, %cr4
    ret

vectors_store:
    movq %cr4, %rax
    movq %rax, %rdx
    orq $CR4_OSFXSR, %rax
    movq %rax, %cr4
    fxsave (%rdi)
    movq %rdx, %cr4
    ret

    .section .note.GNU-stack, "", @progbits
