/*
 * The kernel as an EFI program: PE32+ headers laid by hand around a small loader, which carries the
 * kernel's image as a flat file (KERNEL_FILE). The whole file is mapped 1:1, so that an address in
 * the file is one in memory. Nothing in it needs relocating.
 *
 * The header of a Linux bzImage lies in it as well: QEMU's -kernel gives firmware an initrd beside
 * no other file.
 */
#include "abi/x86.h"

#define FILE_ALIGN     0x200
#define LINUX_SETUP    0x1F1 /* Linux/x86 boot protocol: where the setup header begins */
#define LINUX_FLAG     0x1FE
#define LINUX_VERSION  0x208 /* later ones get more from QEMU than they asked for */
#define LINUX_LOADED_HIGH 1
#define LINUX_SETUP_SECTORS 7 /* behind the first: all headers, one page */
#define PE_AT          0x280
#define PE_AMD64       0x8664
#define PE32_PLUS      0x20B
#define PE_EFI_APPLICATION 10
#define PE_IS_IMAGE    0x0206 /* executable, no line numbers, no debug information */
#define PE_NX_COMPATIBLE 0x0100
#define PE_DIRECTORIES 6
#define PE_TEXT        0x60000020 /* code, execute, read */
#define PE_DATA        0xC0000040 /* initialized data, read, write */

/* Linked at 0: a distance from the file's beginning needs no relocating. */
#define FILE(symbol) ((symbol) - file_start)

    .section .header, "a", @progbits
    .globl file_start
file_start:
    .ascii "MZ"
    .org file_start + 0x3C
    .long PE_AT

    .org file_start + LINUX_SETUP
    .byte LINUX_SETUP_SECTORS
    .org file_start + LINUX_FLAG
    .short 0xAA55
    .short 0                        /* the jump of a boot sector: nobody starts this in real mode */
    .ascii "HdrS"
    .short LINUX_VERSION
    .org file_start + 0x211
    .byte LINUX_LOADED_HIGH
    .org file_start + 0x22C
    .long 0x7FFFFFFF                /* highest address of an initrd */
    .org file_start + 0x238
    .long 0x7FF                     /* longest command line */

    .org file_start + PE_AT
    .ascii "PE\0\0"
    .short PE_AMD64
    .short 2                        /* sections */
    .long 0, 0, 0
    .short optional_end - optional
    .short PE_IS_IMAGE
optional:
    .short PE32_PLUS
    .byte 0, 0
    .long FILE(efi_text_bytes)
    .long FILE(efi_data_bytes)
    .long 0
    .long FILE(efi_main_offset)
    .long FILE(efi_text_offset)
    .quad 0                         /* image base: anywhere */
    .long PAGE_BYTES, FILE_ALIGN
    .short 0, 0, 0, 0, 2, 0         /* versions; of the subsystem 2.0 */
    .long 0
    .long FILE(efi_file_bytes)
    .long FILE(efi_text_offset)           /* headers */
    .long 0
    .short PE_EFI_APPLICATION
    .short PE_NX_COMPATIBLE
    .quad 0, 0, 0, 0
    .long 0
    .long PE_DIRECTORIES
    .fill PE_DIRECTORIES, 8, 0
optional_end:
    .ascii ".text\0\0\0"
    .long FILE(efi_text_bytes), FILE(efi_text_offset), FILE(efi_text_bytes), FILE(efi_text_offset)
    .long 0, 0, 0
    .long PE_TEXT
    .ascii ".data\0\0\0"
    .long FILE(efi_data_bytes), FILE(efi_data_offset), FILE(efi_data_bytes), FILE(efi_data_offset)
    .long 0, 0, 0
    .long PE_DATA

    .section .kernel, "a", @progbits
    .globl kernel_file, kernel_file_end
    .hidden kernel_file, kernel_file_end
    .balign PAGE_BYTES
kernel_file:
    .incbin KERNEL_FILE
kernel_file_end:

    .section .rodata
    .globl kernel_memory_bytes
    .hidden kernel_memory_bytes
    .balign 8
kernel_memory_bytes:
    .quad KERNEL_BYTES

    .section .note.GNU-stack, "", @progbits
