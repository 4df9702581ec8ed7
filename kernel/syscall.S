/* The border between ring 0 and ring 3, by IRETQ, SYSCALL and SYSRETQ. */
#include "kernel/percpu.h"

#define USER_DS 0x23 /* MUSTER_USER_DS, MUSTER_USER_CS: checked in kernel/syscall.c */
#define USER_CS 0x2B

    .text
    .globl syscall_entry, enter_user, leave_user
    .hidden syscall_entry, enter_user, leave_user

/*
 * Entry: by SYSCALL: ring 0, RFLAGS masked by FMASK (interrupts off), RCX = user RIP,
 *        R11 = user RFLAGS, RSP and GS base still the user's.
 * Exit:  SYSRETQ; RAX = answer, RCX and R11 clobbered, everything else as it was.
 * Until SWAPGS only NMI and #MC can come; they have stacks of their own and find GS by them.
 * No instruction before PUSHFQ changes a flag: the handler wants to see what the processor left.
 */
syscall_entry:
    swapgs
    movq %rsp, %gs:PERCPU_USER_RSP
    movq %gs:PERCPU_KERNEL_RSP, %rsp
    pushq $0
    pushfq
    pushq %gs:PERCPU_USER_RSP
    pushq %r11
    pushq %rcx
    pushq %rax
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %r10
    pushq %r8
    pushq %r9
    movl %ss, %eax
    pushq %rax
    movl %cs, %eax
    pushq %rax
    movq %rsp, %rdi
    call syscall_handle
    addq $16, %rsp
    popq %r9
    popq %r8
    popq %r10
    popq %rdx
    popq %rsi
    popq %rdi
    popq %rax
    popq %rcx
    popq %r11
    swapgs
    popq %rsp
    sysretq

/*
 * uint64_t enter_user(rip, rsp, rflags)
 * Entry: ring 0, interrupts off, GS base = this CPU's block, KERNEL_GS_BASE = the user's.
 * Exit:  ring 3 at @rip on @rsp with @rflags, all general registers zero. Comes back to its
 *        caller, with the value given, by leave_user().
 */
enter_user:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %gs:PERCPU_RETURN_RSP
    pushq $USER_DS
    pushq %rsi
    pushq %rdx
    pushq $USER_CS
    pushq %rdi
    xorl %eax, %eax
    xorl %ebx, %ebx
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %ebp, %ebp
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
    swapgs
    iretq

/*
 * void leave_user(code)
 * Entry: ring 0, interrupts off, GS base = this CPU's block, within enter_user()'s time.
 * Exit:  enter_user() returns @code.
 */
leave_user:
    movq %rdi, %rax
    movq %gs:PERCPU_RETURN_RSP, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret

    .section .note.GNU-stack, "", @progbits
