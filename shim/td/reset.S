/*
 * The shim as TD firmware: an image that ends at 4 GiB. It carries the shim's own image as a
 * flat file, the metadata by which a host places it (abi/tdvf_image.h), and the reset vector.
 */
#include "abi/tdvf_image.h"
#include "shim/td/layout.h"

    .section .payload, "a", @progbits
    .globl shim_file
    .balign 4096
shim_file:
    .incbin SHIM_FILE
    .balign 4

    .section .reset, "ax", @progbits
    .code32

/*
 * Entry: every vCPU, from the reset vector: 32-bit protected mode, flat segments, paging and
 *        interrupts off, ESI = index.
 * Exit:  index 0: boot_enter of the shim's copy, EBX = TD HOB, EAX = TD_BOOT_MAGIC.
 *        Others: the gate's entry, EBX = the gate's page, ESI:EDI = TSC at the first instruction.
 * Touches only this image and what its metadata asks for; takes no trap.
 */
td_reset:
    cli
    cld
    testl %esi, %esi
    jnz 1f
    movl $shim_file, %esi
    movl $TD_HOME_PHYS, %edi
    movl $(SHIM_FILE_WORDS), %ecx
    rep movsl
    movl $TD_HOB_PHYS, %ebx
    movl $TD_BOOT_MAGIC, %eax
    movl $(TD_HOME_PHYS + SHIM_ENTRY_OFFSET), %edx
    jmp *%edx

1:  rdtsc
    movl %eax, %edi
    movl %edx, %esi
2:  pause
    cmpl $0, TD_GATE_PHYS + TD_GATE_OPEN
    je 2b
    movl TD_GATE_PHYS + TD_GATE_PAGE, %ebx
    jmp *TD_GATE_PHYS + TD_GATE_ENTRY

    .section .metadata, "a", @progbits
    .balign 16
    .globl td_metadata
td_metadata:
    .long TDVF_SIGNATURE
    .long td_metadata_end - td_metadata
    .long TDVF_VERSION
    .long 4

#define SECTION(file_offset, file_bytes, start, size, type, attributes)                           \
    .long file_offset, file_bytes;                                                                \
    .quad start, size;                                                                            \
    .long type, attributes

    SECTION(0, FILE_BYTES, IMAGE_START, FILE_BYTES, TDVF_SECTION_BFV, 1)
    SECTION(0, 0, TD_HOB_PHYS, TD_HOB_BYTES, TDVF_SECTION_TD_HOB, 0)
    SECTION(0, 0, TD_GATE_PHYS, TD_GATE_BYTES, TDVF_SECTION_TEMP_MEM, 0)
    SECTION(0, 0, TD_HOME_PHYS, SHIM_BYTES, TDVF_SECTION_TEMP_MEM, 0)
td_metadata_end:

/*
 * The GUID-ed table, read from its end: the footer counts the whole table, the entry before it
 * says how far before the image's end the metadata begins.
 */
    .section .table, "a", @progbits
td_table:
    .long METADATA_FROM_END
    .short 22
    .long 0xe47a6535
    .short 0x984a, 0x4798
    .byte 0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2
    .short td_table_end - td_table
    .long 0x96b582de
    .short 0x1fb2, 0x45f7
    .byte 0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d
td_table_end:

    .section .vector, "ax", @progbits
    .code32
    jmp td_reset
    .balign 16, 0x90

    .section .note.GNU-stack, "", @progbits
