/*
 * The page that a SIPI starts a CPU in: from real mode to the park page table. A template; copied
 * to a page below 1 MiB, its parameters filled in (lib/cpu/cpu.h, struct entry_parameters).
 */
#include "abi/x86.h"
#include "lib/cpu/entry_stubs.inc"
#include "lib/cpu/slot_layout.h"

    .section .rodata.sipi_entry, "a", @progbits
    .balign 16
    .globl sipi_entry_start, sipi_entry_32, sipi_entry_64, sipi_entry_end
    .hidden sipi_entry_start, sipi_entry_32, sipi_entry_64, sipi_entry_end

/*
 * Entry: real mode, interrupts off, CS = page, IP = 0, or IP = a stub where the CPU must not ask
 *        who it is (an SEV-ES guest without a #VC handler); nothing else known.
 * Exit:  arrive_by_apic_id, or arrive_by_slot, in long mode on the park page table, RBX = this
 *        page, EBP = number of the stub (in an SEV-ES guest), R8D = ENTRY_CHECKED and ENTRY_LOADED
 *        as far as they hold, RSI:RDI = TSC at the first instruction, RDX:RAX = TSC now, RSP = 0
 *        (no firmware table). No stack.
 * Takes no trap, since it asks nothing of a TD or an SEV-ES guest, whose answers would be traps;
 * touches only this page until paging is on.
 */
    .code16
sipi_entry_start:
    entry_stubs enter_real
enter_real:
    cli
    cld
    movzbl %al, %ebp
    rdtsc
    movl %eax, %edi
    movl %edx, %esi
    movw %cs, %ax
    movw %ax, %ds
    movzwl %ax, %ebx
    shll $4, %ebx
    lgdtl ENTRY_GDTR
    movl $(CR0_ET | CR0_PE), %eax
    movl %eax, %cr0
    ljmpl *ENTRY_FAR32

    .code32
sipi_entry_32:
    movl $ENTRY_DS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %ebx, %esp                 /* CPUID takes EBX, and there is no stack to lose */
    movl ENTRY_SEV_ES(%esp), %eax   /* CPUID would be a #VC, or a #VE, without an IDT */
    orl ENTRY_TD(%esp), %eax
    jnz not_checked

    /* EBP = 0 if the CPU has all that is needed. */
    xorl %eax, %eax
    cpuid
    cmpl ENTRY_NEEDS_LEAF(%esp), %eax
    sbbl %ebp, %ebp
    movl $CPUID_FEATURES, %eax
    cpuid
    notl %ecx
    andl ENTRY_NEEDS_1_ECX(%esp), %ecx
    orl %ecx, %ebp
    notl %edx
    andl ENTRY_NEEDS_1_EDX(%esp), %edx
    orl %edx, %ebp
    movl $CPUID_EXTENDED_FEATURES, %eax
    xorl %ecx, %ecx
    cpuid
    notl %ebx
    andl ENTRY_NEEDS_7_EBX(%esp), %ebx
    orl %ebx, %ebp
    notl %ecx
    andl ENTRY_NEEDS_7_ECX(%esp), %ecx
    orl %ecx, %ebp
    jnz not_checked

    /*
     * MTRRs that are all off, as at reset, are loaded here, where no TLB holds a memory type yet.
     * SDM vol. 3, 12.11.8: caches off, caches and TLB flushed, the ranges written, the default
     * type last; caches flushed. The last steps, TLB flushed and caches on, are those of all.
     */
    movl $ENTRY_CHECKED, %ebx
    testl $CPUID_1_EDX_MTRR, ENTRY_NEEDS_1_EDX(%esp)
    jz checked
    movl $MSR_MTRRCAP, %ecx
    rdmsr
    cmpl ENTRY_MTRR_CAP(%esp), %eax
    jne not_checked
    movl ENTRY_MSR_BYTES(%esp), %ebp
    testl %ebp, %ebp
    jz checked
    movl $MSR_MTRR_DEF_TYPE, %ecx
    rdmsr
    testl $MTRR_DEF_TYPE_ENABLE, %eax
    jnz checked
    movl %cr0, %eax
    andl $~CR0_NW, %eax
    orl $CR0_CD, %eax
    movl %eax, %cr0
    wbinvd
    movl ENTRY_PARK_CR3(%esp), %eax
    movl %eax, %cr3
    leal ENTRY_MSRS(%esp), %ebx
    addl %ebx, %ebp
1:  movl (%ebx), %ecx
    movl 8(%ebx), %eax
    movl 12(%ebx), %edx
    wrmsr
    addl $16, %ebx
    cmpl %ebp, %ebx
    jne 1b
    wbinvd
    movl $(ENTRY_CHECKED | ENTRY_LOADED), %ebx
checked:
    movl ENTRY_CHECKED_CR4(%esp), %eax
    jmp to_long_mode

not_checked:
    xorl %ebx, %ebx
    movl ENTRY_CR4(%esp), %eax
to_long_mode:
    movl %eax, %cr4
    /* NXE before a table that uses NX is loaded. */
    movl $MSR_EFER, %ecx
    xorl %edx, %edx
    movl ENTRY_EFER(%esp), %eax
    wrmsr
    movl ENTRY_PARK_CR3(%esp), %eax
    movl %eax, %cr3
    /* Caching on: INIT leaves CD and NW set on some processors. */
    movl $(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE), %eax
    movl %eax, %cr0
    ljmpl *ENTRY_FAR64(%esp)

    .code64
sipi_entry_64:
    movl %ebx, %r8d
    movl %esp, %ebx
    xorl %esp, %esp
    rdtsc
    jmpq *ENTRY_ARRIVE(%rbx)
sipi_entry_end:

    .section .note.GNU-stack, "", @progbits
