/*
 * The pages that mailbox wakes lead to: one small stub for each slot, so that the vector is the
 * identity (a CPU that has no IDT yet may use neither CPUID nor an MSR that could be trapped).
 * A template; copied to pages below 4 GiB (ACPI 6.6, 5.2.12.19: only the page of the vector is
 * sure to be mapped), parameters filled in (lib/cpu/cpu.h, struct entry_parameters).
 */
#include "abi/x86.h"
#include "lib/cpu/entry_stubs.inc"
#include "lib/cpu/slot_layout.h"

    .section .rodata.mailbox_entry, "a", @progbits
    .balign 16
    .globl mailbox_entry_start, mailbox_entry_32, mailbox_entry_64, mailbox_entry_end
    .hidden mailbox_entry_start, mailbox_entry_32, mailbox_entry_64, mailbox_entry_end

/*
 * Entry: long mode on the firmware's page table, interrupts off, flat segments, this page mapped
 *        1:1; nothing else known, no stack.
 * Exit:  arrive_by_slot in long mode on the park page table, RBX = this page, EBP = number of the
 *        stub, with ENTRY_FIVE_LEVELS if the firmware's table has five, RSI:RDI = TSC at the first
 *        instruction, RDX:RAX = TSC now, ESP = number of the page that the firmware's CR3 pointed
 *        to. No stack.
 * Takes no trap (EFER is read, and written only if NXE is missing, which no TD firmware leaves
 * so) and touches only this page until CR3 is loaded.
 */
    .code64
mailbox_entry_start:
    entry_stubs enter_long
enter_long:
    cli
    cld
    movzbl %al, %ebp
    rdtsc
    movl %eax, %edi
    movl %edx, %esi
    leaq mailbox_entry_start(%rip), %rbx
    movq %cr3, %rsp
    shrq $12, %rsp
    movq %cr4, %rax
    testl $CR4_LA57, %eax
    jz 1f
    orl $ENTRY_FIVE_LEVELS, %ebp
1:  xorl ENTRY_CR4(%rbx), %eax
    testl $CR4_LA57, %eax
    jnz switch_levels
    movl $MSR_EFER, %ecx
    rdmsr
    testl $EFER_NXE, %eax
    jnz 2f
    testl $EFER_NXE, ENTRY_EFER(%rbx)
    jz 2f
    orl $EFER_NXE, %eax
    wrmsr
2:  movq %cr4, %rax                 /* global pages would outlive the change of tables */
    andq $~CR4_PGE, %rax
    movq %rax, %cr4
    movq ENTRY_PARK_CR3(%rbx), %rax
    movq %rax, %cr3
mailbox_entry_64:
    movl %ebx, %ebx                 /* after 32-bit mode the upper halves are unknown */
    rdtsc
    jmpq *ENTRY_ARRIVE(%rbx)

/*
 * The firmware's tables have 4 levels and the park table 5, or the reverse: LA57 can only change
 * with paging off, which needs 32-bit mode (SDM vol. 3, 5.1.1). The registers used fit 32 bits.
 */
switch_levels:
    lgdt ENTRY_GDTR(%rbx)
    ljmpl *ENTRY_FAR32(%rbx)

    .code32
mailbox_entry_32:
    movl $ENTRY_DS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %cr0, %eax
    andl $~CR0_PG, %eax
    movl %eax, %cr0
    movl %cr4, %eax
    andl $~(CR4_PCIDE | CR4_PGE), %eax
    xorl $CR4_LA57, %eax
    movl %eax, %cr4
    movl $MSR_EFER, %ecx
    rdmsr
    testl $EFER_NXE, %eax
    jnz 3f
    testl $EFER_NXE, ENTRY_EFER(%ebx)
    jz 3f
    orl $EFER_NXE, %eax
    wrmsr
3:  movl ENTRY_PARK_CR3(%ebx), %eax
    movl %eax, %cr3
    movl %cr0, %eax
    orl $CR0_PG, %eax
    movl %eax, %cr0
    ljmpl *ENTRY_FAR64(%ebx)
mailbox_entry_end:

    .section .note.GNU-stack, "", @progbits
