/*
 * The ROM: from the reset vector to the monitor above 4 GiB. Every processor but the BSP waits for
 * a SIPI in the processor itself, so only one runs here.
 */
#include "abi/x86.h"
#include "monitor/layout.h"

#define LOW(symbol)   ((symbol) - reset_page + ROM_RESET_PHYS)
#define NX_HIGH       0x80000000
#define DIRECTORIES   5 /* of 1 GiB each */
#define POINTERS      (BORROWED_TABLES + PAGE_BYTES)
#define DIRECTORY     (BORROWED_TABLES + 2 * PAGE_BYTES)
#define LARGE_BYTES   0x200000
#define ROM_ENTRY     (DIRECTORY + 3 * PAGE_BYTES + 511 * 8) /* the last 2 MiB below 4 GiB */
#define MONITOR_ENTRY (DIRECTORY + 4 * PAGE_BYTES)           /* the first above */

    .section .reset, "ax", @progbits
reset_page:

/*
 * Entry: real mode at reset, CS base 0xFFFF0000, interrupts off, nothing else known.
 * Exit:  reset_32.
 */
    .code16
reset_16:
    cli
    cld
    lgdtl %cs:(gdtr - reset_page + ROM_RESET_PHYS - ROM_TOP_64K)
    movl $(CR0_ET | CR0_PE), %eax
    movl %eax, %cr0
    ljmpl $0x18, $LOW(reset_32)

/*
 * Entry: 32-bit protected mode, flat, no stack.
 * Exit:  reset_64 on tables that map the first 5 GiB 1:1, writable and not executable but for the
 *        ROM's last 2 MiB.
 */
    .code32
reset_32:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $BORROWED_TABLES, %edi
    xorl %eax, %eax
    movl $((2 + DIRECTORIES) * PAGE_BYTES / 4), %ecx
    rep stosl

    /* 2 MiB pages; EDX:EAX runs past 4 GiB. */
    movl $DIRECTORY, %edi
    movl $(PTE_PRESENT | PTE_WRITABLE | PTE_LARGE), %eax
    movl $NX_HIGH, %edx
    movl $(DIRECTORIES * PTE_ENTRIES), %ecx
1:  movl %eax, (%edi)
    movl %edx, 4(%edi)
    addl $LARGE_BYTES, %eax
    adcl $0, %edx
    addl $8, %edi
    loop 1b
    movl $(PTE_PRESENT | PTE_LARGE | (ROM_TOP_64K & ~(LARGE_BYTES - 1))), ROM_ENTRY
    movl $0, ROM_ENTRY + 4

    movl $(DIRECTORY + PTE_PRESENT + PTE_WRITABLE), %eax
    movl $POINTERS, %edi
    movl $DIRECTORIES, %ecx
2:  movl %eax, (%edi)
    addl $PAGE_BYTES, %eax
    addl $8, %edi
    loop 2b
    movl $(POINTERS + PTE_PRESENT + PTE_WRITABLE), BORROWED_TABLES

    /* NXE before a table that uses NX is loaded. */
    movl $(CR4_PAE | CR4_OSFXSR), %eax /* OSFXSR: FXSAVE takes the guest's vector registers */
    movl %eax, %cr4
    movl $MSR_EFER, %ecx
    rdmsr
    orl $(EFER_LME | EFER_NXE), %eax
    wrmsr
    movl $BORROWED_TABLES, %eax
    movl %eax, %cr3
    movl $(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE), %eax
    movl %eax, %cr0
    ljmpl $0x08, $LOW(reset_64)

/*
 * Entry: long mode, no stack.
 * Exit:  monitor_main() above 4 GiB, on boot_stack, the image in place, its first 2 MiB executable
 *        and no longer writable, its BSS zero.
 */
    .code64
reset_64:
    movabsq $read_only_rom, %rsi
    movabsq $text_start, %rdi
    movabsq $read_only_bytes, %rcx
    rep movsb
    movabsq $data_rom, %rsi
    movabsq $data_start, %rdi
    movabsq $data_bytes, %rcx
    rep movsb
    movabsq $bss_start, %rdi
    movabsq $bss_end, %rcx
    subq %rdi, %rcx
    shrq $3, %rcx
    xorl %eax, %eax
    rep stosq
    movabsq $(MONITOR_PHYS + PTE_PRESENT + PTE_LARGE), %rax
    movq %rax, MONITOR_ENTRY
    movq %cr3, %rax
    movq %rax, %cr3
    movabsq $boot_stack_top, %rsp
    xorl %ebp, %ebp
    movabsq $monitor_main, %rax
    call *%rax
    ud2

    .balign 8
gdt:
    .quad 0
    .quad 0x00AF9B000000FFFF        /* 64-bit code */
    .quad 0x00CF93000000FFFF        /* data */
    .quad 0x00CF9B000000FFFF        /* 32-bit code */
gdtr:
    .word gdtr - gdt - 1
    .long LOW(gdt)

    .section .reset.vector, "ax", @progbits
    .code16
    .globl reset_vector
reset_vector:
    jmp reset_16

    .section .bss
    .balign 4096
    .skip MONITOR_STACK_BYTES
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
