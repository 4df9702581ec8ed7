/**
 * The processor's privileged and special instructions as functions, one line each. The only
 * place of inline assembly in the C of the library and of the boot programs.
 */
#ifndef LIB_CPU_INSTRUCTIONS_H
#define LIB_CPU_INSTRUCTIONS_H

#include <stdint.h>

#include "abi/x86.h"

static inline uint64_t read_msr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return ((uint64_t)high << 32) | low;
}

static inline void write_msr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

static inline void read_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(leaf), "c"(subleaf));
}

static inline uint64_t read_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((uint64_t)high << 32) | low;
}

/* What is read before is read before what is read after, the TSC as well. */
static inline void order_reads(void)
{
    __asm__ volatile("lfence" : : : "memory");
}

/* In its place: nothing before it is still to be done, and nothing behind it is done already. */
static inline uint64_t read_tsc_in_order(void)
{
    order_reads();
    uint64_t tsc = read_tsc();
    order_reads();
    return tsc;
}

static inline uint64_t read_cr0(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

static inline void write_cr0(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

static inline uint64_t read_cr2(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

static inline uint64_t read_cr3(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

static inline void write_cr3(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint64_t read_cr4(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

static inline void write_cr4(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

static inline void write_back_caches(void)
{
    __asm__ volatile("wbinvd" : : : "memory");
}

static inline void load_gdt(const struct x86_table_register *gdtr)
{
    __asm__ volatile("lgdt %0" : : "m"(*gdtr));
}

static inline void load_idt(const struct x86_table_register *idtr)
{
    __asm__ volatile("lidt %0" : : "m"(*idtr));
}

static inline void store_idt(struct x86_table_register *idtr)
{
    __asm__ volatile("sidt %0" : "=m"(*idtr));
}

static inline void load_task_register(uint16_t selector)
{
    __asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}

static inline void load_local_table(uint16_t selector)
{
    __asm__ volatile("lldt %0" : : "r"(selector) : "memory");
}

static inline uint64_t read_dr7(void)
{
    uint64_t value;
    __asm__ volatile("mov %%dr7, %0" : "=r"(value));
    return value;
}

static inline void write_dr7(uint64_t value)
{
    __asm__ volatile("mov %0, %%dr7" : : "r"(value));
}

static inline void write_dr6(uint64_t value)
{
    __asm__ volatile("mov %0, %%dr6" : : "r"(value));
}

static inline uint64_t read_breakpoints(void)
{
    uint64_t value[4];
    __asm__ volatile("mov %%dr0, %0\n\tmov %%dr1, %1\n\tmov %%dr2, %2\n\tmov %%dr3, %3"
                     : "=r"(value[0]), "=r"(value[1]), "=r"(value[2]), "=r"(value[3]));
    return value[0] | value[1] | value[2] | value[3];
}

/* All four addresses. */
static inline void write_breakpoints(uint64_t address)
{
    __asm__ volatile("mov %0, %%dr0\n\tmov %0, %%dr1\n\tmov %0, %%dr2\n\tmov %0, %%dr3"
                     :
                     : "r"(address));
}

/* As INIT does. Off first; then not even the addresses are told to whoever comes next. */
static inline void clear_breakpoints(void)
{
    write_dr7(DR7_NONE);
    write_dr6(DR6_NONE);
    write_breakpoints(0);
}

/* Data segments are null in kernel mode; CS is re-loaded by a far return. */
static inline void load_segments(uint16_t cs, uint16_t ss)
{
    __asm__ volatile("pushq %q0\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "movl %1, %%ss\n\t"
                     "movl %2, %%ds\n\t"
                     "movl %2, %%es\n\t"
                     "movl %2, %%fs\n\t"
                     "movl %2, %%gs"
                     :
                     : "r"((uint64_t)cs), "r"((uint32_t)ss), "r"(0)
                     : "rax", "memory");
}

static inline void interrupts_off(void)
{
    __asm__ volatile("cli" : : : "memory");
}

static inline void interrupts_on(void)
{
    __asm__ volatile("sti" : : : "memory");
}

/*
 * Take what is pending. Off before and after. NOP and not PAUSE in STI's shadow: QEMU's TCG
 * drags the shadow over a PAUSE, and CLI closes the gap again before anything could come in.
 */
static inline void interrupts_let_in(void)
{
    __asm__ volatile("sti; nop; cli" : : : "memory");
}

/* Sleep until an interrupt: STI's shadow lets none in before HLT. Off before and after. */
static inline void sleep_until_interrupt(void)
{
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}

static inline void monitor_address(const void *address)
{
    __asm__ volatile("monitor" : : "a"(address), "c"(0), "d"(0) : "memory");
}

/*
 * Sleep until the monitored line is written or an interrupt comes: STI's shadow lets none in
 * before MWAIT. NOP because QEMU's TCG, whose MWAIT is a PAUSE, drags the shadow over it. Off
 * before and after.
 */
static inline void wait_for_monitor(uint32_t hint)
{
    __asm__ volatile("sti; mwait; nop; cli" : : "a"(hint), "c"(0) : "memory");
}

/*
 * All stores before are visible before the MSR write after: a WRMSR to an x2APIC register waits
 * for nobody (SDM vol. 3, 11.12.3).
 */
static inline void order_before_x2apic(void)
{
    __asm__ volatile("mfence; lfence" : : : "memory");
}

static inline void cpu_pause(void)
{
    __asm__ volatile("pause");
}

static inline __attribute__((noreturn)) void halt_forever(void)
{
    for (;;)
        __asm__ volatile("cli; hlt" : : : "memory");
}

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint32_t in32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

#endif
