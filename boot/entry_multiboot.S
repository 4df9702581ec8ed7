/* The Multiboot 1 entry of a boot program (abi/multiboot.h). */
#include "abi/multiboot.h"

#define FLAGS (MULTIBOOT_HEADER_ALIGN | MULTIBOOT_HEADER_MEMORY)

    .section .head, "ax", @progbits
    .code32
    .globl boot_entry

/*
 * Entry: 32-bit protected mode, flat segments, paging and interrupts off, EAX = the loader's
 *        magic, EBX = Multiboot information.
 * Exit:  boot_enter with both.
 */
boot_entry:
    jmp boot_enter

    .balign 4
    .long MULTIBOOT_HEADER_MAGIC
    .long FLAGS
    .long -(MULTIBOOT_HEADER_MAGIC + FLAGS)

    .section .note.GNU-stack, "", @progbits
