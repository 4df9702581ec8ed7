/*
 * The shim as TD firmware: an image that ends at 4 GiB. It carries the shim's own image as a
 * flat file, the metadata by which a host places it (abi/tdvf_image.h), and the reset vector.
 */
#include "abi/tdvf_image.h"
#include "abi/tdx.h"
#include "abi/x86.h"
#include "shim/td/layout.h"

#define HOST_REGISTERS 0x3C00 /* the calls below pass R10 to R13 */
#define APIC_SPURIOUS  (APIC_SVR_ENABLE | 0xFF)

    .macro call_host                /* R11 = function, R12 and R13 = arguments */
    xorl %r10d, %r10d
    movl $HOST_REGISTERS, %ecx
    xorl %eax, %eax                 /* TDG_VP_VMCALL */
    tdcall
    .endm

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
 *        Others: td_wait in long mode on td_wait_root. No stack.
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

    /* TDCALL is an instruction of long mode only. MCE and EFER stay as the module fixed them. */
1:  lgdt td_gdtr
    movl %cr4, %eax
    orl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $MSR_EFER, %ecx
    rdmsr
    movl %eax, %ebx
    orl $(EFER_LME | EFER_NXE), %eax
    cmpl %eax, %ebx
    je 2f
    wrmsr
2:  movl $td_wait_root, %eax
    movl %eax, %cr3
    movl $(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE), %eax
    movl %eax, %cr0
    ljmpl $(td_gdt_code - td_gdt), $td_wait

/*
 * Entry: long mode, interrupts off, on td_wait_root.
 * Exit:  where the gate says, once it says so (lib/wake/td_start.c).
 * The APIC is turned on first: an interrupt sent before that is lost, but not before the gate
 * was opened, which is looked at after it.
 */
    .code64
td_wait:
    movl $APIC_SPURIOUS, %r13d
    movl $(MSR_X2APIC + APIC_SVR / 16), %r12d
    movl $TDVMCALL_WRMSR, %r11d
    call_host
1:  movl $TD_GATE_PHYS, %ebx
    movl (%rbx), %ebx
    testl %ebx, %ebx
    jnz 2f
    xorl %r12d, %r12d               /* what is pending is to end the sleep */
    movl $TDVMCALL_HLT, %r11d
    call_host
    pause
    jmp 1b
2:  jmpq *%rbx

    .balign 8
td_gdt:
    .quad 0
td_gdt_code:
    .quad 0x00AF9B000000FFFF        /* 64-bit code, present, accessed */
td_gdt_end:
td_gdtr:
    .short td_gdt_end - td_gdt - 1
    .long td_gdt

/*
 * The waiting APs' page tables: 2 MiB pages, nothing writable, marked accessed so that the
 * processor has nothing to write into this image either.
 */
#define TO_TABLE (PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED)
#define LARGE    (PTE_PRESENT | PTE_LARGE | PTE_ACCESSED)
#define LARGE_BYTES 0x200000
    .section .tables, "a", @progbits
    .balign PAGE_BYTES
td_wait_root:
    .quad td_wait_pointers + TO_TABLE
    .balign PAGE_BYTES
td_wait_pointers:
    .quad td_wait_low + TO_TABLE, 0, 0, td_wait_high + TO_TABLE
    .balign PAGE_BYTES
td_wait_low:
    .quad LARGE                     /* the entry page */
    .org td_wait_low + 8 * (TD_GATE_PHYS / LARGE_BYTES)
    .quad (TD_GATE_PHYS & -LARGE_BYTES) + LARGE + PTE_NO_EXECUTE
    .balign PAGE_BYTES
td_wait_high:
    .org td_wait_high + 8 * (PTE_ENTRIES - 1)
    .quad 0x100000000 - LARGE_BYTES + LARGE /* this image */

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
