/*
 * Into the guest and out again.
 */
#include "abi/svm.h"
#include "monitor/registers.h"

    .text
    .globl vmrun_enter, idle_guest
    .hidden vmrun_enter, idle_guest

/*
 * void vmrun_enter(struct guest_registers *registers, uint64_t guest_vmcb, uint64_t host_vmcb)
 * Entry: long mode, GIF clear, host_vmcb filled by VMSAVE on this CPU.
 * Exit:  after the guest's next exit, GIF clear; the host's TR, FS, GS and SYSCALL registers are
 *        back, so that a trap in the monitor finds its stack.
 * RAX and RSP of the guest are in its VMCB.
 */
vmrun_enter:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rdx
    pushq %rdi
    movq %rsi, %rax
    movq %rdi, %rbp
    movq REGISTERS_RBX(%rbp), %rbx
    movq REGISTERS_RCX(%rbp), %rcx
    movq REGISTERS_RDX(%rbp), %rdx
    movq REGISTERS_RSI(%rbp), %rsi
    movq REGISTERS_RDI(%rbp), %rdi
    movq REGISTERS_R8(%rbp), %r8
    movq REGISTERS_R9(%rbp), %r9
    movq REGISTERS_R10(%rbp), %r10
    movq REGISTERS_R11(%rbp), %r11
    movq REGISTERS_R12(%rbp), %r12
    movq REGISTERS_R13(%rbp), %r13
    movq REGISTERS_R14(%rbp), %r14
    movq REGISTERS_R15(%rbp), %r15
    movq REGISTERS_RBP(%rbp), %rbp
    vmload %rax
    vmrun %rax
    vmsave %rax
    pushq %rbp
    movq 8(%rsp), %rbp
    movq %rbx, REGISTERS_RBX(%rbp)
    movq %rcx, REGISTERS_RCX(%rbp)
    movq %rdx, REGISTERS_RDX(%rbp)
    movq %rsi, REGISTERS_RSI(%rbp)
    movq %rdi, REGISTERS_RDI(%rbp)
    movq %r8, REGISTERS_R8(%rbp)
    movq %r9, REGISTERS_R9(%rbp)
    movq %r10, REGISTERS_R10(%rbp)
    movq %r11, REGISTERS_R11(%rbp)
    movq %r12, REGISTERS_R12(%rbp)
    movq %r13, REGISTERS_R13(%rbp)
    movq %r14, REGISTERS_R14(%rbp)
    movq %r15, REGISTERS_R15(%rbp)
    popq REGISTERS_RBP(%rbp)
    addq $8, %rsp
    popq %rax
    vmload %rax
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

/*
 * Where a CPU whose guest has nothing to do waits: as a guest, so that an interrupt ends the wait
 * and stays pending for the real guest (the monitor's own HLT would have to take it).
 */
idle_guest:
    hlt
    jmp idle_guest

    .section .note.GNU-stack, "", @progbits
