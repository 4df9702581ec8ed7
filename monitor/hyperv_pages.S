/*
 * The hypercall page, as a guest finds it laid over its own memory: the instruction of its
 * processor's vendor, and #BP for whoever goes anywhere else in it. The guest executes this very
 * page, so nothing else may lie in it.
 *
 * Entry: any mode that may call (TLFS, 3), the call's registers set.
 * Exit:  to the caller, the result in RAX.
 */
    .section .rodata.pages, "a", @progbits
    .globl hypercall_page_intel, hypercall_page_amd
    .hidden hypercall_page_intel, hypercall_page_amd

    .balign 4096
hypercall_page_intel:
    vmcall
    ret
    .balign 4096, 0xCC
hypercall_page_amd:
    vmmcall
    ret
    .balign 4096, 0xCC

    .section .note.GNU-stack, "", @progbits
