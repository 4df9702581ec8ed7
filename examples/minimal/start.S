/* Multiboot 1 to main() in long mode, the first 4 GiB mapped 1:1. */
    .section .head, "ax"
    .code32
    .globl start, root
    .long 0x1BADB002, 0, -0x1BADB002
/* Entry: 32-bit protected mode, flat, paging and interrupts off, EBX: Multiboot's. Exit: main(EBX). */
start:
    leal stack + 16384, %esp
    movl $0x20, %eax                /* PAE */
    movl %eax, %cr4
    movl $root, %eax
    movl %eax, %cr3
    movl $0xC0000080, %ecx          /* EFER: long mode, NX */
    rdmsr
    orl $0x900, %eax
    wrmsr
    movl $0x80010033, %eax          /* paging, write protection, native errors, protection */
    movl %eax, %cr0
    lgdt gdtr
    ljmp $8, $1f
    .code64
1:  movl $16, %eax
    movl %eax, %ss
    movl %ebx, %edi                 /* the loader's information */
    call main
    .data
    .balign 4096
root:     .quad pointers + 3
    .balign 4096
pointers: .quad large + 3, large + 0x1003, large + 0x2003, large + 0x3003
    .balign 4096
large:
    .rept 2048                      /* as many times 2 MiB: present, writable */
    .quad ((. - large) << 18) + 0x83
    .endr
gdt:    .quad 0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF
gdtr:   .word 23
        .long gdt
    .lcomm stack, 16384
