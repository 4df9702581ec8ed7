/*
 * The program that runs in ring 3 on every CPU. Whole pages of their own, so that ring 3 can
 * execute these and nothing else.
 */
#include "abi/x86.h"
#include "kernel/syscall.h"

/* What registers hold that a system call must leave alone. */
#define PATTERN_RBX 0x1111
#define PATTERN_RBP 0x2222
#define PATTERN_R12 0x3333
#define PATTERN_R13 0x4444
#define PATTERN_R8  0x5555

    .section .text.user, "ax", @progbits
    .balign PAGE_BYTES
    .globl user_text_start, user_text_end
    .hidden user_text_start, user_text_end

/*
 * Entry: ring 3, RSP = end of this CPU's user stack, interrupts on, general registers zero.
 * Exit:  SYSCALL_EXIT.
 */
user_text_start:
    movl $PATTERN_RBX, %ebx
    movl $PATTERN_RBP, %ebp
    movl $PATTERN_R12, %r12d
    movl $PATTERN_R13, %r13d
    movl $PATTERN_R8, %r8d
    movq %rsp, %r14

    movl $SYSCALL_ENTERED, %eax
    call tell_state

    /* A single-step trap is due after the instruction behind POPFQ: SYSCALL must drop it. */
    movl $SYSCALL_FLAGS, %eax
    pushfq
    orq $USER_FLAGS, (%rsp)
    popfq
    syscall
    /* Back with TF set: one #DB here, whose handler clears TF and leaves the others. */
    movl $SYSCALL_RETURNED, %eax
    call tell_state
    pushfq
    andq $~USER_FLAGS, (%rsp)
    popfq

    xorl %r15d, %r15d
1:  movq %r15, %rdi
    movl $SYSCALL_ADD_ONE, %eax
    syscall
    incq %r15
    cmpq %r15, %rax
    jne wrong_answer
    cmpq $USER_CALLS, %r15
    jne 1b

    cmpq $PATTERN_RBX, %rbx
    jne wrong_registers
    cmpq $PATTERN_RBP, %rbp
    jne wrong_registers
    cmpq $PATTERN_R12, %r12
    jne wrong_registers
    cmpq $PATTERN_R13, %r13
    jne wrong_registers
    cmpq $PATTERN_R8, %r8
    jne wrong_registers
    cmpq %r14, %rsp
    jne wrong_registers
    movl $USER_EXIT_WELL, %edi
    jmp leave

wrong_answer:
    movl $USER_EXIT_ANSWER, %edi
    jmp leave
wrong_registers:
    movl $USER_EXIT_REGISTERS, %edi
leave:
    movl $SYSCALL_EXIT, %eax
    syscall
    ud2

/* Entry: EAX = a call that takes CS, SS and RFLAGS. */
tell_state:
    movl %cs, %edi
    movl %ss, %esi
    pushfq
    popq %rdx
    syscall
    ret

    .balign PAGE_BYTES
user_text_end:

    .section .note.GNU-stack, "", @progbits
