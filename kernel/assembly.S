/* A fault on purpose, and a fill at the speed of the string instructions. */

#define RECOVERY_RSP 0
#define RECOVERY_RIP 8

    .text
    .globl provoke_fault, fill_quadwords
    .hidden provoke_fault, fill_quadwords

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

    .section .note.GNU-stack, "", @progbits
