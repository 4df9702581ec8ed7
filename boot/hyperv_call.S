/* The way into the hypervisor, and the page that it lays its own code over. */
#include "abi/hyperv.h"

    .text
    .globl hyperv_call, hyperv_call_code
    .hidden hyperv_call, hyperv_call_code

/*
 * uint64_t hyperv_call(control, input_phys, output_phys)
 * Entry: long mode, ring 0, the page below enabled (boot/hyperv.c).
 * Exit:  RAX = result (TLFS, 3.7). The hypervisor may change RCX, RDX and R8 to R11, all of which
 *        are the caller's to save in C; no vector register is used, since no call is a fast one.
 */
hyperv_call:
    movq %rdx, %r8
    movq %rdi, %rcx
    movq %rsi, %rdx
    call hyperv_call_code
    ret

/* Executable, as code is, and never written by us. Until it is enabled, a call ends in a #UD. */
    .balign HYPERV_PAGE_BYTES
hyperv_call_code:
    .rept HYPERV_PAGE_BYTES / 2
    ud2
    .endr

    .section .note.GNU-stack, "", @progbits
