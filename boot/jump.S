/* The last instructions of a boot program: into what it boots. */
#include "abi/linux_boot.h"
#include "abi/x86.h"
#include "lib/cpu/forget.inc"

    .text
    .globl boot_jump_linux, boot_jump_32
    .hidden boot_jump_linux, boot_jump_32

/*
 * void boot_jump_linux(entry, boot_params)
 * Entry: long mode, interrupts off, payload mapped 1:1.
 * Exit:  at entry with RSI = boot_params, Linux's flat segments; all other general registers zero
 *        but the stack pointer (Linux sets its own); vectors and x87 in their initial state.
 */
boot_jump_linux:
    forget_registers jump_vectors
    subq $16, %rsp
    leaq jump_gdt(%rip), %rax
    movw $(jump_gdt_end - jump_gdt - 1), (%rsp)
    movq %rax, 2(%rsp)
    lgdt (%rsp)
    movl $LINUX_BOOT_DS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %ebp, %ebp
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    pushq $LINUX_BOOT_CS
    pushq %rdi
    xorl %edi, %edi
    lretq

/*
 * void boot_jump_32(entry, ebx, eax, keep_efer)
 * Entry: long mode, interrupts off, this code and the stack below 4 GiB and mapped 1:1.
 * Exit:  at entry in 32-bit protected mode, flat segments, paging off, EBX and EAX as given, all
 *        other general registers zero but the stack pointer; vectors and x87 in their initial state.
 */
boot_jump_32:
    movl %edx, %ebp
    forget_registers jump_vectors
    subq $16, %rsp
    leaq jump_gdt(%rip), %rax
    movw $(jump_gdt_end - jump_gdt - 1), (%rsp)
    movq %rax, 2(%rsp)
    lgdt (%rsp)
    movl %esi, %ebx
    movl %ebp, %esi
    movl %ecx, %edx
    leaq 1f(%rip), %rax
    pushq $(jump_code32 - jump_gdt)
    pushq %rax
    lretq

    .code32
1:  movl $LINUX_BOOT_DS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    movl %cr0, %eax
    andl $~CR0_PG, %eax
    movl %eax, %cr0
    /* In a TD, MCE and LME are fixed to 1: what is entered must take them as they are. */
    movl %cr4, %eax
    andl $CR4_MCE, %eax
    movl %eax, %cr4
    testl %edx, %edx
    jnz 2f
    movl $MSR_EFER, %ecx
    rdmsr
    andl $~(EFER_LME | EFER_SCE), %eax
    wrmsr
2:  movl %esi, %eax
    pushl %edi
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %ebp, %ebp
    ret

    .section .rodata
    .balign 8
jump_gdt:
    .quad 0
    .quad 0
    .quad 0x00AF9B000000FFFF        /* LINUX_BOOT_CS: 64-bit code */
    .quad 0x00CF93000000FFFF        /* LINUX_BOOT_DS: data */
jump_code32:
    .quad 0x00CF9B000000FFFF        /* 32-bit code */
jump_gdt_end:

    .section .rodata.jump_vectors, "a", @progbits
    initial_vectors jump_vectors

    .section .note.GNU-stack, "", @progbits
