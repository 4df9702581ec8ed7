/*
 * A bzImage that looks at what its loader has left in the registers, and says so on COM1: the
 * smallest kernel for Linux's 64-bit boot protocol (Documentation/arch/x86/boot.rst).
 */
#include "abi/linux_boot.h"
#include "abi/x86.h"

#define COM1             0x3F8
#define LINE_STATUS      5
#define TRANSMITTER_FREE 0x20
#define SETUP_SECTORS    1
#define LOAD_PHYS        0x1000000
#define CODE_BYTES       PAGE_BYTES
#define CMDLINE_BYTES    255
#define BOOT_SIGNATURE   0xAA55
#define FXSAVE_FCW       0
#define FXSAVE_FTW       4
#define FXSAVE_X87       32 /* ST0 to ST7; behind them XMM0 to XMM15 */
#define FXSAVE_END       416

    .text
image:
    .org image + LINUX_SETUP_OFFSET
    .byte SETUP_SECTORS
    .word 0                         /* root_flags */
    .long CODE_BYTES / LINUX_PARAGRAPH_BYTES
    .word 0, 0, 0, BOOT_SIGNATURE   /* ram_size, vid_mode, root_dev, boot_flag */
    .byte 0, header_end - header    /* jump */
header:
    .long LINUX_HEADER_MAGIC
    .word LINUX_PROTOCOL_64
    .long 0                         /* realmode_swtch */
    .word 0, 0                      /* start_sys_seg, kernel_version */
    .byte 0, LINUX_LOADED_HIGH      /* type_of_loader, loadflags */
    .word 0                         /* setup_move_size */
    .long 0, 0, 0, 0                /* code32_start, ramdisk_image, ramdisk_size, bootsect_kludge */
    .word 0                         /* heap_end_ptr */
    .byte 0, 0                      /* ext_loader_ver, ext_loader_type */
    .long 0, LOAD_PHYS - 1          /* cmd_line_ptr, initrd_addr_max */
    .long PAGE_BYTES                /* kernel_alignment */
    .byte 1, 0                      /* relocatable_kernel, min_alignment */
    .word LINUX_XLF_KERNEL_64
    .long CMDLINE_BYTES, 0          /* cmdline_size, hardware_subarch */
    .quad 0                         /* hardware_subarch_data */
    .long 0, 0                      /* payload_offset, payload_length */
    .quad 0, LOAD_PHYS              /* setup_data, pref_address */
    .long CODE_BYTES, 0, 0          /* init_size, handover_offset, kernel_info_offset */
header_end:

    .org image + (1 + SETUP_SECTORS) * LINUX_SECTOR_BYTES
code:
    .org code + LINUX_ENTRY_64
/*
 * Entry: long mode, interrupts off, RSI = boot_params; all else is to be looked at.
 * Exit:  none.
 */
    orq %rbx, %rax
    orq %rcx, %rax
    orq %rdx, %rax
    orq %rdi, %rax
    orq %rbp, %rax
    orq %r8, %rax
    orq %r9, %rax
    orq %r10, %rax
    orq %r11, %rax
    orq %r12, %rax
    orq %r13, %rax
    orq %r14, %rax
    orq %r15, %rax
    leaq general(%rip), %rbx
    jnz say

    leaq debug(%rip), %rbx
    movq %dr0, %rax
    movq %dr1, %rcx
    orq %rcx, %rax
    movq %dr2, %rcx
    orq %rcx, %rax
    movq %dr3, %rcx
    orq %rcx, %rax
    jnz say
    movq %dr6, %rax
    testl $(DR6_BREAKPOINTS | DR6_SINGLE_STEP), %eax
    jnz say
    movq %dr7, %rax
    cmpq $DR7_NONE, %rax
    jne say

    leaq vector(%rip), %rbx
    movq %cr4, %rax
    orq $CR4_OSFXSR, %rax
    movq %rax, %cr4
    leaq area(%rip), %rdi
    fxsave (%rdi)
    cmpw $FXSAVE_FCW_INITIAL, FXSAVE_FCW(%rdi)
    jne say
    cmpb $0, FXSAVE_FTW(%rdi)
    jne say
    cmpl $FXSAVE_MXCSR_INITIAL, FXSAVE_MXCSR(%rdi)
    jne say
    addq $FXSAVE_X87, %rdi
    movl $(FXSAVE_END - FXSAVE_X87), %ecx
    cld
    xorl %eax, %eax
    repe scasb
    jne say
    leaq empty(%rip), %rbx

say:                                /* RBX: the text */
    movw $(COM1 + LINE_STATUS), %dx
1:  inb %dx, %al
    testb $TRANSMITTER_FREE, %al
    jz 1b
    movb (%rbx), %al
    testb %al, %al
    jz 2f
    movw $COM1, %dx
    outb %al, %dx
    incq %rbx
    jmp say
2:  hlt
    jmp 2b

general:
    .asciz "general registers are somebody's: looked at\r\n"
debug:
    .asciz "debug registers are somebody's: looked at\r\n"
vector:
    .asciz "vector registers are somebody's: looked at\r\n"
empty:
    .asciz "registers are empty: looked at\r\n"
    .balign 16
area:
    .org code + CODE_BYTES

    .section .note.GNU-stack, "", @progbits
