/*
 * The common handler: 256 small stubs that make one frame (struct muster_trap_frame) of every
 * interrupt and exception, and call trap_handle(slot, frame).
 */
#include "abi/x86.h"
#include "lib/cpu/frame.inc"
#include "lib/cpu/slot_layout.h"

#define FRAME_VECTOR 120
#define FRAME_CS     144
#define VECTOR_BIAS  128

    .text
    .globl trap_stubs
    .hidden trap_stubs

/* The processor pushes an error code for these (SDM vol. 3, 6.13). */
#define HAS_ERROR_CODE(v) \
    ((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || (v) == 21 || (v) == 29 || (v) == 30)

/*
 * Entry: from an interrupt gate: interrupts off; SS, RSP, RFLAGS, CS, RIP pushed.
 * Exit:  trap_with_code, with the error code and the vector on top of them, or trap_without_code,
 *        with the vector alone. Less VECTOR_BIAS each vector fits a byte with a sign: a stub is
 *        two bytes to push it, and two that reach the long jump behind its group.
 */
    .balign 8
trap_stubs:
    .set vector, 0
    .rept 256 / TRAP_GROUP_STUBS
    .rept TRAP_GROUP_STUBS
    pushq $(vector - VECTOR_BIAS)
    .if HAS_ERROR_CODE(vector)
    jmp 2f
    .else
    jmp 1f
    .endif
    .set vector, vector + 1
    .endr
1:  jmp trap_without_code
    .balign 8
2:  jmp trap_with_code
    .balign 8
    .endr
    /* An error if a stub needs more than its place. */
    .org trap_stubs + 256 / TRAP_GROUP_STUBS * TRAP_GROUP_BYTES

trap_without_code:
    pushq (%rsp)
    movq $0, 8(%rsp)

/*
 * Entry: vector and error code pushed behind the processor's own five words.
 * Exit:  IRETQ to where the frame says, registers as the frame says.
 */
trap_with_code:
    cld
    push_frame
    /* Ring 3 may have set AC, which would suspend SMAP here; CLAC is not on every processor. */
    pushfq
    andq $~RFLAGS_AC, (%rsp)
    popfq
    addq $VECTOR_BIAS, FRAME_VECTOR(%rsp)
    movl FRAME_VECTOR(%rsp), %eax
    cmpl $VECTOR_NMI, %eax
    je trap_on_ist
    cmpl $VECTOR_DF, %eax
    je trap_on_ist
    cmpl $VECTOR_MC, %eax
    je trap_on_ist

    testb $3, FRAME_CS(%rsp)
    jz 1f
    swapgs
1:  movq %gs:SLOT_SELF, %rdi
    movq %rsp, %rsi
    call trap_handle
    testb $3, FRAME_CS(%rsp)
    jz trap_return
    swapgs
    jmp trap_return

/*
 * These come at any instruction, also between a SYSCALL and its SWAPGS: CS does not tell whose GS
 * base is loaded. The slot is found from the stack, which is part of it, and the GS base is put
 * right for the handler and back afterwards.
 */
trap_on_ist:
    movq %rsp, %r12
    andq $-(1 << SLOT_BYTES_LOG2), %r12
    movl $MSR_GS_BASE, %ecx
    rdmsr
    movl %eax, %r13d
    movl %edx, %r14d
    movl SLOT_GS_BASE(%r12), %eax
    movl SLOT_GS_BASE+4(%r12), %edx
    wrmsr
    movq %r12, %rdi
    movq %rsp, %rsi
    call trap_handle
    movl $MSR_GS_BASE, %ecx
    movl %r13d, %eax
    movl %r14d, %edx
    wrmsr

trap_return:
    pop_frame
    iretq

    .section .note.GNU-stack, "", @progbits
