/*
 * The smallest TD: one page of code, and one of TDVF metadata and a reset vector (tail.S). Reaches long mode, does
 * the one thing that CASE names, and reports what should not have been reached.
 */
#define IMAGE_BYTES 0x2000
#include "tests/td/image.h"
#include "abi/fw_cfg.h"
#include "abi/tdx.h"
#include "abi/x86.h"

#define ROOT        WORK_PHYS /* page tables, then a stack */
#define POINTERS    (WORK_PHYS + 0x1000)
#define DIRECTORIES (WORK_PHYS + 0x2000) /* four of them */
#define STACK_TOP   (WORK_PHYS + WORK_BYTES)
#define SPARE       (WORK_PHYS + 0x8000) /* a page of private memory */
#define PRIVATE     (WORK_PHYS + 0xB000) /* another */
#define DEBUG_CONSOLE 0xE9
#define DMA_BYTES   4
#define DMA_TARGET  0x100 /* in a shared page, behind the command */
#define GATE_BYTES  16
#define GATE_TYPE   0x8E00 /* present, an interrupt gate */
#define PENDING     0x1000000
#define SHARED_HIGH 0x8000               /* the shared bit in an address's upper half */
#define SHARED_BASE 0xFFFF800000000000   /* where it is mapped: the root's entry 256 */
#define LARGE_BYTES 0x200000
#define MASK_HOST   0xFC00               /* R10 to R15 */

#define CASE_REPORTS_ITSELF     0
#define CASE_TRIPLE_FAULT       1
#define CASE_UNKNOWN_LEAF       2
#define CASE_UNKNOWN_HOST_CALL  3
#define CASE_PENDING_PAGE       4
#define CASE_SHARED_ALIAS       5
#define CASE_PRIVATE_DEVICE     6
#define CASE_INIT               7
#define CASE_ACCEPT_TWICE       8
#define CASE_VE_WITHOUT_HANDLER 9
#define CASE_SHARED_AS_PRIVATE  10
#define CASE_ACCEPT_SHARED      11
#define CASE_UNPAGED_DEVICE     12
#define CASE_SIPI               13
#define CASE_DEVICE_BY_ALIAS    14
#define CASE_CPUID_LEAF         15
#define CASE_REPORTS_AFTER_SHARING 16
#define CASE_APIC_PAGE          17
#define CASE_NO_IDT             18 /* IDTR as at the start: at 0, which is pending */
#define CASE_INIT_BY_IOAPIC     19
#define CASE_MAP_GPA            20
#define CASE_DMA                21
#define CASE_REFUSED            22
#define CASE_PENDING_FETCH      23
#define CASE_PENDING_TABLES     24
#define CASE_VE_TWICE           25

    .section .text, "ax", @progbits
    .code32
    .globl start_32
start_32:
    testl %esi, %esi                /* vCPU 0 does it, the others wait */
1:  jnz 1b
#if CASE == CASE_UNPAGED_DEVICE
    movl IOAPIC_PHYS, %eax
#endif
    movl $(POINTERS + 7), ROOT
    movl $(POINTERS + 7), ROOT + 256 * 8
    movl $DIRECTORIES, %edi
    movl $(PTE_PRESENT | PTE_WRITABLE | PTE_LARGE), %eax
    movl $(4 * PTE_ENTRIES), %ecx
2:  movl %eax, (%edi)
    addl $LARGE_BYTES, %eax
    addl $8, %edi
    loop 2b
    movl $(DIRECTORIES + 7), POINTERS
    movl $(DIRECTORIES + 0x1007), POINTERS + 8
    movl $(DIRECTORIES + 0x2007), POINTERS + 16
    movl $(DIRECTORIES + 0x3007), POINTERS + 24
    /* The shared half: the same, with the shared bit in every large page's address. */
    movl $(WORK_PHYS + 0x6000 + 7), ROOT + 256 * 8
    movl $(WORK_PHYS + 0x7000 + 7), WORK_PHYS + 0x6000
    movl $(WORK_PHYS + 0x9000 + 7), WORK_PHYS + 0x6000 + 24
    movl $(WORK_PHYS + 0x7000), %edi
    movl $0x83, %eax
    movl $PTE_ENTRIES, %ecx
3:  movl %eax, (%edi)
    movl $SHARED_HIGH, 4(%edi)
    addl $LARGE_BYTES, %eax
    addl $8, %edi
    loop 3b
    movl $(WORK_PHYS + 0x9000), %edi
    movl $0xC0000083, %eax
    movl $PTE_ENTRIES, %ecx
4:  movl %eax, (%edi)
    movl $SHARED_HIGH, 4(%edi)
    addl $LARGE_BYTES, %eax
    addl $8, %edi
    loop 4b

    movl %cr4, %eax
    orl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $ROOT, %eax
    movl %eax, %cr3
    movl %cr0, %eax
    orl $CR0_PG, %eax
    movl %eax, %cr0                 /* EFER.LME is set in a TD */
    lgdtl gdtr
    ljmpl $0x08, $start_64

    .code64
start_64:
    movl $0x10, %eax
    movl %eax, %ss
    movl $STACK_TOP, %esp

#if CASE != CASE_NO_IDT
    lidt no_idt(%rip)
#endif
#if CASE == CASE_TRIPLE_FAULT || CASE == CASE_NO_IDT
    ud2
#elif CASE == CASE_UNKNOWN_LEAF
    movl $99, %eax
    tdcall
#elif CASE == CASE_UNKNOWN_HOST_CALL
    movl $0x999, %r11d
    call host
#elif CASE == CASE_PENDING_PAGE
    movq PENDING, %rax
#elif CASE == CASE_PENDING_FETCH
    movl $PENDING, %eax
    jmp *%rax
#elif CASE == CASE_PENDING_TABLES
    movl $PENDING, %eax
    movq %rax, %cr3
#elif CASE == CASE_SHARED_ALIAS
    movabsq $(SHARED_BASE + SPARE), %rax
    movq (%rax), %rax
#elif CASE == CASE_PRIVATE_DEVICE
    movl $IOAPIC_PHYS, %eax
    movl (%rax), %eax
#elif CASE == CASE_INIT || CASE == CASE_SIPI
    movl $TDVMCALL_WRMSR, %r11d
    movl $(MSR_X2APIC + APIC_ICR_LOW / 16), %r12d
#if CASE == CASE_INIT
    movabsq $(ICR_INIT | ICR_ASSERT | 1 << ICR_X2_DEST_SHIFT), %r13
#else
    movl $(ICR_SIPI | ICR_ASSERT | ICR_ALL_BUT_SELF | 8), %r13d
#endif
    call host
#elif CASE == CASE_ACCEPT_TWICE
    movl $2, %ebx
5:  movl $TDG_MEM_PAGE_ACCEPT, %eax
    movl $PENDING, %ecx
    tdcall
    decl %ebx
    jnz 5b
#elif CASE == CASE_VE_WITHOUT_HANDLER
    movl $0x40000000, %eax
    cpuid
#elif CASE == CASE_SHARED_AS_PRIVATE || CASE == CASE_ACCEPT_SHARED || \
      CASE == CASE_REPORTS_AFTER_SHARING
    movl $TDVMCALL_MAP_GPA, %r11d
    movabsq $(SPARE | SHARED_HIGH << 32), %r12
    movl $PAGE_BYTES, %r13d
    call host
    movabsq $(SHARED_BASE + SPARE), %rax
    movq %rax, (%rax)
#if CASE == CASE_SHARED_AS_PRIVATE
    movl SPARE, %eax
#elif CASE == CASE_ACCEPT_SHARED
    movl $TDG_MEM_PAGE_ACCEPT, %eax
    movl $SPARE, %ecx
    tdcall
#endif
#elif CASE == CASE_MAP_GPA          /* not whole pages, then none at all */
    movabsq $(SPARE + 8 | SHARED_HIGH << 32), %rbx
    movl $PAGE_BYTES, %ebp
    call map_gpa
    cmpq align_error(%rip), %r10
    jne 8f
    cmpq %rbx, %r11
    jne 8f
    movl $(PAGE_BYTES - 1), %ebp
    movabsq $(SPARE | SHARED_HIGH << 32), %rbx
    call map_gpa
    cmpq align_error(%rip), %r10
    jne 8f
    xorl %ebp, %ebp
    call map_gpa
    cmpq invalid_operand(%rip), %r10
    je 7f
8:  ud2
7:
#elif CASE == CASE_DEVICE_BY_ALIAS
    movabsq $(SHARED_BASE + IOAPIC_PHYS), %rax
    movl %eax, (%rax)
#elif CASE == CASE_CPUID_LEAF
    movl $TDVMCALL_CPUID, %r11d
    movl $CPUID_HYPERVISOR, %r12d
    call host
    cmpl $0x4B4D564B, %r13d
    je 6f
    ud2
6:
#elif CASE == CASE_DMA              /* by a private command, to a private page, and as is right */
    movl $SPARE, %ebx
    call start_dma
    testq %r10, %r10
    jz 8f
    movl $TDVMCALL_MAP_GPA, %r11d
    movabsq $(SPARE | SHARED_HIGH << 32), %r12
    movl $PAGE_BYTES, %r13d
    call host
    movabsq $(SHARED_BASE + SPARE), %rbp
    movl $PRIVATE, %edx
    call read_by_dma
    cmpl $FW_CFG_DMA_ERROR, %eax
    jne 8f
    cmpl $0, PRIVATE
    jne 8f
    movl $(SPARE + DMA_TARGET), %edx
    call read_by_dma
    testl %eax, %eax
    jnz 8f
    movl fw_cfg_signature(%rip), %eax
    cmpl %eax, DMA_TARGET(%rbp)
    je 7f
8:  ud2
7:
#elif CASE == CASE_REFUSED
    movl $TDG_VM_RD, %eax           /* a field that there is not */
    xorl %edx, %edx
    tdcall
    cmpq metadata_field_id(%rip), %rax
    jne 8f
    movl $TDG_MR_REPORT, %eax
    tdcall
    testq %rax, %rax
    jz 8f
    movl $TDVMCALL_GET_QUOTE, %r11d
    call host
    testq %r10, %r10
    jz 8f
    movl $TDVMCALL_RDMSR, %r11d     /* 0 is no x2APIC register */
    xorl %r12d, %r12d
    call host
    testq %r10, %r10
    jz 8f
    movl $TDVMCALL_WRMSR, %r11d
    call host
    testq %r10, %r10
    jz 8f
    movl $TDVMCALL_MMIO, %r11d      /* memory is no device */
    movl $4, %r12d
    movl $1, %r13d
    movl $SPARE, %r14d
    movl $1, %r15d
    call host
    testq %r10, %r10
    jz 8f
    cmpl $0, SPARE
    jne 8f
    movl $TDVMCALL_IO, %r11d        /* the debug console takes bytes alone */
    movl $2, %r12d
    movl $DEBUG_CONSOLE, %r14d
    call host
    testq %r10, %r10
    jz 8f
    movl $TDVMCALL_IO, %r11d
    xorl %r13d, %r13d
    call host
    testq %r10, %r10
    jnz 7f
8:  ud2
7:
#elif CASE == CASE_VE_TWICE
    leaq 9f(%rip), %rax
    movw %ax, PRIVATE + VECTOR_VE * GATE_BYTES
    movw $0x08, PRIVATE + VECTOR_VE * GATE_BYTES + 2
    movw $GATE_TYPE, PRIVATE + VECTOR_VE * GATE_BYTES + 4
    shrl $16, %eax
    movw %ax, PRIVATE + VECTOR_VE * GATE_BYTES + 6
    lidt one_gate(%rip)
9:  movl $CPUID_HYPERVISOR, %eax    /* and again, by the gate, before VEINFO.GET */
    cpuid
    ud2
#elif CASE == CASE_APIC_PAGE
    movl $TDVMCALL_MMIO, %r11d
    movl $4, %r12d
    xorl %r13d, %r13d
    movl $(APIC_DEFAULT_PHYS + APIC_ID), %r14d
    call host
    testq %r10, %r10
    jnz 7f
    ud2
7:
#elif CASE == CASE_INIT_BY_IOAPIC
    movl $TDVMCALL_MMIO, %r11d      /* select the lower half of entry 2 */
    movl $4, %r12d
    movl $1, %r13d
    movl $IOAPIC_PHYS, %r14d
    movl $0x14, %r15d
    call host
    movl $TDVMCALL_MMIO, %r11d
    movl $4, %r12d
    movl $1, %r13d
    movl $(IOAPIC_PHYS + 0x10), %r14d
    movl $ICR_INIT, %r15d
    call host
    testq %r10, %r10                /* taken, and without effect: masked as it was */
    jz 7f
    ud2
7:  movl $TDVMCALL_MMIO, %r11d
    movl $4, %r12d
    xorl %r13d, %r13d
    call host
    testl $0x10000, %r11d
    jnz 7f
    ud2
7:
#endif

    movl $TDVMCALL_FATAL_ERROR, %r11d
    xorl %r12d, %r12d
    movabsq $0x20646e6520656874, %r14 /* "the end " */
    xorl %r15d, %r15d
    call host
    ud2

/* TDG.VP.VMCALL of the standard kind. */
host:
    xorl %eax, %eax
    movl $MASK_HOST, %ecx
    xorl %r10d, %r10d
    tdcall
    ret

/* To EDX, by a command at SPARE, which is shared and mapped at RBP. EAX: its control afterwards. */
read_by_dma:
    movl $(FW_CFG_SIGNATURE << FW_CFG_DMA_SELECTOR_SHIFT | FW_CFG_DMA_SELECT | FW_CFG_DMA_READ), %eax
    bswapl %eax
    movl %eax, (%rbp)
    movl $DMA_BYTES, %eax
    bswapl %eax
    movl %eax, 4(%rbp)
    movl $0, 8(%rbp)
    bswapl %edx
    movl %edx, 12(%rbp)
    movl $SPARE, %ebx
    call start_dma
    movl (%rbp), %eax
    bswapl %eax
    ret

/* EBX: where fw_cfg finds its command; the lower half starts it. */
start_dma:
    movl $FW_CFG_PORT_DMA_HIGH, %r14d
    xorl %r15d, %r15d
    call write_port
    movl $FW_CFG_PORT_DMA_LOW, %r14d
    movl %ebx, %r15d
    bswapl %r15d
write_port:
    movl $TDVMCALL_IO, %r11d
    movl $4, %r12d
    movl $1, %r13d
    jmp host

/* RBX: where; RBP: bytes. */
map_gpa:
    movl $TDVMCALL_MAP_GPA, %r11d
    movq %rbx, %r12
    movq %rbp, %r13
    jmp host

    .balign 8
align_error:
    .quad TDVMCALL_ALIGN_ERROR
invalid_operand:
    .quad TDVMCALL_INVALID_OPERAND
gdt:
    .quad 0
    .quad 0x00AF9B000000FFFF
    .quad 0x00CF93000000FFFF
no_idt:
    .word 0
    .quad 0
one_gate:
    .word (VECTOR_VE + 1) * GATE_BYTES - 1
    .quad PRIVATE
metadata_field_id:
    .quad TDX_METADATA_FIELD_ID
fw_cfg_signature:
    .ascii "QEMU"
gdtr:
    .word gdtr - gdt - 1
    .long gdt

    .section .note.GNU-stack, "", @progbits
