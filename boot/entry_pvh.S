/* The PVH entry of a boot program (abi/pvh.h), and the notes by which loaders find it. */
#include "abi/pvh.h"

    .section .head, "ax", @progbits
    .code32
    .globl boot_entry

/*
 * Entry: 32-bit protected mode, flat segments, paging and interrupts off, EBX = start info, EAX
 *        anything; or, by the ELF's entry, as boot/entry_multiboot2.S has it.
 * Exit:  boot_enter with both: start info is known by its own magic.
 */
boot_entry:
    jmp boot_enter

    .section .note.pvh, "a", @note
    .balign 4
    .long 2f - 1f, 4f - 3f, PVH_NOTE_PHYS32_ENTRY
1:  .asciz PVH_NOTE_NAME
2:  .balign 4
3:  .long IMAGE_BASE            /* boot_entry is the first instruction of the image */
4:  .balign 4
    .long 2f - 1f, 4f - 3f, PVH_NOTE_PHYS32_RELOC
1:  .asciz PVH_NOTE_NAME
2:  .balign 4
3:  .long 0x200000, 0x200000, 0xFFFFFFFF /* alignment, lowest, highest */
4:  .balign 4

    .section .note.GNU-stack, "", @progbits
