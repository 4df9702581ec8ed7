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
 *        page, EBP = number of the stub, RSI:RDI = TSC at the first instruction, RDX:RAX = TSC now,
 *        RSP = 0 (no firmware table). No stack.
 * Takes no trap and touches only this page until CR3 is loaded.
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
    movl ENTRY_CR4(%ebx), %eax
    movl %eax, %cr4
    /* NXE before a table that uses NX is loaded. */
    movl $MSR_EFER, %ecx
    xorl %edx, %edx
    movl ENTRY_EFER(%ebx), %eax
    wrmsr
    movl ENTRY_PARK_CR3(%ebx), %eax
    movl %eax, %cr3
    /* Caching on: INIT leaves CD and NW set on some processors. */
    movl $(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE), %eax
    movl %eax, %cr0
    ljmpl *ENTRY_FAR64(%ebx)

    .code64
sipi_entry_64:
    movl %ebx, %ebx
    xorl %esp, %esp
    rdtsc
    jmpq *ENTRY_ARRIVE(%rbx)
sipi_entry_end:
    .org sipi_entry_start + ENTRY_PARAMETERS /* an error if the code runs into them */

    .section .note.GNU-stack, "", @progbits
