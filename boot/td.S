/* TDCALL, and the first #VE handler of a program that runs as a TD. */
#include "abi/x86.h"
#include "lib/cpu/frame.inc"

/* struct muster_tdcall_registers */
#define TD_RCX 0
#define TD_RDX 8
#define TD_R8  16
#define TD_R9  24
#define TD_R10 32
#define TD_R11 40
#define TD_R12 48
#define TD_R13 56
#define TD_R14 64
#define TD_R15 72
#define TD_RBX 80
#define TD_RDI 88
#define TD_RSI 96

    .text
    .globl td_call, td_early_stub
    .hidden td_call, td_early_stub

/*
 * uint64_t td_call(rax, registers)
 * Entry: long mode in a TD.
 * Exit:  RAX and *registers as the TDX module left them. RBP holds the address meanwhile: it is
 *        in no call's register mask.
 */
td_call:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rdi, %rax
    movq %rsi, %rbp
    movq TD_RCX(%rbp), %rcx
    movq TD_RDX(%rbp), %rdx
    movq TD_R8(%rbp), %r8
    movq TD_R9(%rbp), %r9
    movq TD_R10(%rbp), %r10
    movq TD_R11(%rbp), %r11
    movq TD_R12(%rbp), %r12
    movq TD_R13(%rbp), %r13
    movq TD_R14(%rbp), %r14
    movq TD_R15(%rbp), %r15
    movq TD_RBX(%rbp), %rbx
    movq TD_RDI(%rbp), %rdi
    movq TD_RSI(%rbp), %rsi
    tdcall
    movq %rcx, TD_RCX(%rbp)
    movq %rdx, TD_RDX(%rbp)
    movq %r8, TD_R8(%rbp)
    movq %r9, TD_R9(%rbp)
    movq %r10, TD_R10(%rbp)
    movq %r11, TD_R11(%rbp)
    movq %r12, TD_R12(%rbp)
    movq %r13, TD_R13(%rbp)
    movq %r14, TD_R14(%rbp)
    movq %r15, TD_R15(%rbp)
    movq %rbx, TD_RBX(%rbp)
    movq %rdi, TD_RDI(%rbp)
    movq %rsi, TD_RSI(%rbp)
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret

/*
 * Entry: #VE on the BSP, before the library's IDT is loaded: interrupts off, five words pushed.
 * Exit:  td_early_ve(struct muster_trap_frame *), then IRETQ to where the frame says.
 */
td_early_stub:
    pushq $0
    pushq $VECTOR_VE
    cld
    push_frame
    movq %rsp, %rdi
    call td_early_ve
    pop_frame
    iretq

    .section .note.GNU-stack, "", @progbits
