/* What the kernel's own IDT leads to, and what provokes it. */
#define PERCPU_BREAKPOINTS      8
#define PERCPU_PAGE_FAULTS      12
#define PERCPU_BREAKPOINT_STACK 16

    .text
    .globl breakpoint_entry, page_fault_entry, provoke_breakpoint, provoke_write, provoke_call

/* Entry: an interrupt gate, this CPU's trap stack, GS base = its struct percpu. */
breakpoint_entry:
    incl %gs:PERCPU_BREAKPOINTS
    movq %rsp, %gs:PERCPU_BREAKPOINT_STACK
    iretq

/* Entry: the same, and an error code; RDX = where to go on, RSI = with which stack. */
page_fault_entry:
    incl %gs:PERCPU_PAGE_FAULTS
    addq $8, %rsp
    movq %rdx, (%rsp)
    movq %rsi, 24(%rsp)
    iretq

provoke_breakpoint:
    int3
    ret

/* Entry: RDI = where a byte is read and written back as it was. */
provoke_write:
    leaq 1f(%rip), %rdx
    movq %rsp, %rsi
    movb (%rdi), %al
    movb %al, (%rdi)
1:  ret

/* Entry: RDI = what is called. */
provoke_call:
    leaq 1f(%rip), %rdx
    movq %rsp, %rsi
    call *%rdi
1:  ret

    .section .note.GNU-stack, "", @progbits
