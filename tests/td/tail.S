/*
 * The last page of a guest's image: its TDVF metadata, the table of GUIDs by which hosts find it,
 * and the reset vector, which jumps to start_32.
 */
#include "abi/tdvf_image.h"
#include "tests/td/image.h"

#define SECTIONS  3
#define TAIL      0x1000
#define ENTRY     22 /* bytes of the metadata's entry in the table, and of its footer */
#define FOOTER    18
#define TABLE_END (TAIL - TDVF_TABLE_FOOTER_OFFSET + 16)

    .section .tail, "ax", @progbits
tail:
metadata:
    .long TDVF_SIGNATURE
    .long metadata_end - metadata
    .long TDVF_VERSION
    .long SECTIONS
    .long 0, IMAGE_BYTES
    .quad IMAGE_PHYS, IMAGE_BYTES
    .long TDVF_SECTION_BFV, 1
    .long 0, 0
    .quad HOB_PHYS, HOB_BYTES
    .long TDVF_SECTION_TD_HOB, 0
    .long 0, 0
    .quad WORK_PHYS, WORK_BYTES
    .long TDVF_SECTION_TEMP_MEM, 0
metadata_end:

    /* Read from its end: the footer, which has the whole length, and where the metadata lies. */
    .org tail + TABLE_END - FOOTER - ENTRY
    .long tail + TAIL - metadata
    .word ENTRY
    .byte 0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47
    .byte 0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2
    .word ENTRY + FOOTER
    .byte 0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45
    .byte 0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d
    .org tail + TAIL - 0x10
    .code32
    jmp start_32
    .org tail + TAIL

    .section .note.GNU-stack, "", @progbits
