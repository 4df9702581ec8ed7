/*
 * From 32-bit protected mode to boot_main() in long mode, wherever the image was loaded, on page
 * tables that are write-xor-execute from the first instruction on.
 */
#include "abi/x86.h"

#define STACK_BYTES 65536
#define NX_HIGH     0x80000000 /* PTE_NO_EXECUTE in the entry's upper half */
#define LARGE_BYTES 0x200000
#define RUN(symbol) ((symbol) - here)(%ebp)

    .section .head, "ax", @progbits
    .code32
    .globl boot_enter

/*
 * Entry: 32-bit protected mode, flat segments, paging and interrupts off; EBX = the loader's
 *        information (writable), EAX = its magic; no stack.
 * Exit:  long mode, first 4 GiB identity-mapped, image_relocate() done, on boot_stack in
 *        boot_main(EBX, EAX). Does not come back.
 */
boot_enter:
    cld
    /* Where are we? A call needs a stack: the information's first dword is lent as one. */
    movl (%ebx), %edx
    leal 4(%ebx), %esp
    call here
here:
    popl %ebp
    movl %edx, (%ebx)
    leal RUN(boot_stack_top), %esp
    pushl %eax
    pushl %ebx

    /* 4 GiB in 2 MiB pages, writable, not executable. */
    leal RUN(early_directories), %edi
    movl $(PTE_PRESENT | PTE_WRITABLE | PTE_LARGE), %eax
    movl $(4 * PTE_ENTRIES), %ecx
1:  movl %eax, (%edi)
    movl $NX_HIGH, 4(%edi)
    addl $LARGE_BYTES, %eax
    addl $8, %edi
    loop 1b

    /* The image's first 2 MiB in 4 KiB pages: the text read-only and executable. */
    leal RUN(image_start), %eax
    leal RUN(text_end), %edx
    leal RUN(early_table), %edi
    movl $PTE_ENTRIES, %ecx
2:  movl %eax, (%edi)
    cmpl %edx, %eax
    jae 3f
    orl $PTE_PRESENT, (%edi)
    movl $0, 4(%edi)
    jmp 4f
3:  orl $(PTE_PRESENT | PTE_WRITABLE), (%edi)
    movl $NX_HIGH, 4(%edi)
4:  addl $PAGE_BYTES, %eax
    addl $8, %edi
    loop 2b
    leal RUN(image_start), %eax
    shrl $21, %eax
    leal RUN(early_directories), %edi
    leal RUN(early_table), %edx
    orl $(PTE_PRESENT | PTE_WRITABLE), %edx
    movl %edx, (%edi, %eax, 8)
    movl $0, 4(%edi, %eax, 8)

    /* Four directories under one pointer table under the root. */
    leal RUN(early_pointers), %edi
    leal RUN(early_directories), %eax
    orl $(PTE_PRESENT | PTE_WRITABLE), %eax
    movl $4, %ecx
5:  movl %eax, (%edi)
    addl $PAGE_BYTES, %eax
    addl $8, %edi
    loop 5b
    leal RUN(early_pointers), %eax
    orl $(PTE_PRESENT | PTE_WRITABLE), %eax
    leal RUN(early_root), %edi
    movl %eax, (%edi)

    /* In a TD, MCE is fixed to 1, and EFER is what it must be and is better not written. */
    movl %cr4, %eax
    andl $CR4_MCE, %eax
    orl $CR4_PAE, %eax
    movl %eax, %cr4
    /* NXE before a table that uses NX is loaded. */
    movl $MSR_EFER, %ecx
    rdmsr
    movl %eax, %ebx
    notl %ebx
    testl $(EFER_LME | EFER_NXE), %ebx
    jz 6f
    orl $(EFER_LME | EFER_NXE), %eax
    wrmsr
6:  popl %ebx
    movl %edi, %cr3
    movl $(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE), %eax
    movl %eax, %cr0

    popl %esi                       /* the magic */
    leal RUN(early_gdt), %eax
    subl $8, %esp
    movw $(early_gdt_end - early_gdt - 1), 2(%esp)
    movl %eax, 4(%esp)
    lgdt 2(%esp)
    addl $8, %esp
    pushl $0x08
    leal RUN(boot_long_mode), %eax
    pushl %eax
    lretl

/*
 * Entry: long mode, 32-bit ESP still valid, EBX = information, ESI = magic.
 * Exit:  boot_main(information, magic).
 */
    .code64
boot_long_mode:
    movl $0x10, %eax
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    leaq boot_stack_top(%rip), %rsp
    xorl %ebp, %ebp
    movl %ebx, %ebx                 /* upper half: unknown until now */
    movl %esi, %r12d
    call image_relocate
    movq %rbx, %rdi
    movl %r12d, %esi
    call boot_main
7:  cli
    hlt
    jmp 7b

    .section .rodata
    .balign 8
early_gdt:
    .quad 0
    .quad 0x00AF9B000000FFFF        /* 64-bit code, present, accessed */
    .quad 0x00CF93000000FFFF        /* data */
early_gdt_end:

    .section .bss
    .balign 4096
early_root:        .skip PAGE_BYTES
early_pointers:    .skip PAGE_BYTES
early_directories: .skip 4 * PAGE_BYTES
early_table:       .skip PAGE_BYTES
boot_stack:        .skip STACK_BYTES
    .globl boot_stack_top
    .hidden boot_stack_top
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
