/*
 * The Multiboot 2 header of a boot program (abi/multiboot2.h). Its entry is the ELF's, boot_entry.
 * Not the one by which UEFI's boot services stay: GRUB ends them, and enters alike from BIOS and
 * from UEFI.
 */
#include "abi/multiboot2.h"

#define LOWEST  0x200000
#define HIGHEST 0xFFFFFFFF
#define ALIGN   0x200000

    .section .head, "ax", @progbits
    .balign MULTIBOOT2_HEADER_ALIGN
multiboot2_header:
    .long MULTIBOOT2_HEADER_MAGIC
    .long MULTIBOOT2_ARCHITECTURE
    .long multiboot2_end - multiboot2_header
    .long -(MULTIBOOT2_HEADER_MAGIC + MULTIBOOT2_ARCHITECTURE + (multiboot2_end - multiboot2_header))

/* Without these nothing can be done ... */
1:  .short MULTIBOOT2_HEADER_REQUEST, 0
    .long 2f - 1b
    .long MULTIBOOT2_TAG_CMDLINE, MULTIBOOT2_TAG_MODULE, MULTIBOOT2_TAG_MMAP
2:  .balign MULTIBOOT2_TAG_ALIGN
/* ... and these are there, or not. */
1:  .short MULTIBOOT2_HEADER_REQUEST, MULTIBOOT2_HEADER_OPTIONAL
    .long 2f - 1b
    .long MULTIBOOT2_TAG_FRAMEBUFFER, MULTIBOOT2_TAG_EFI_MMAP
    .long MULTIBOOT2_TAG_RSDP_OLD, MULTIBOOT2_TAG_RSDP_NEW
2:  .balign MULTIBOOT2_TAG_ALIGN

1:  .short MULTIBOOT2_HEADER_CONSOLE, MULTIBOOT2_HEADER_OPTIONAL
    .long 2f - 1b
    .long MULTIBOOT2_CONSOLE_EGA_TEXT
2:  .balign MULTIBOOT2_TAG_ALIGN
1:  .short MULTIBOOT2_HEADER_FRAMEBUFFER, MULTIBOOT2_HEADER_OPTIONAL
    .long 2f - 1b
    .long 0, 0, 0                   /* width, height, depth: any */
2:  .balign MULTIBOOT2_TAG_ALIGN

1:  .short MULTIBOOT2_HEADER_MODULES, 0
    .long 2f - 1b
2:  .balign MULTIBOOT2_TAG_ALIGN
/* High: what is booted in turn wants to be low. */
1:  .short MULTIBOOT2_HEADER_RELOCATABLE, MULTIBOOT2_HEADER_OPTIONAL
    .long 2f - 1b
    .long LOWEST, HIGHEST, ALIGN, MULTIBOOT2_PREFER_HIGH
2:  .balign MULTIBOOT2_TAG_ALIGN
1:  .short MULTIBOOT2_HEADER_END, 0
    .long 2f - 1b
2:
multiboot2_end:

    .section .note.GNU-stack, "", @progbits
