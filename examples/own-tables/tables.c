/* GDT, TSS and IDT as this kernel would have them: other selectors than the library's. */
#include <muster.h>

#include "tables.h"

#define CODE           0x18
#define DATA           0x20
#define TSS            0x28
#define GDT_WORDS      7
#define CODE_SEGMENT   0x00AF9B000000FFFF
#define DATA_SEGMENT   0x00CF93000000FFFF
#define TSS_SEGMENT    (0x89ull << 40)
#define INTERRUPT_GATE 0x8E
#define BREAKPOINT     3
#define PAGE_FAULT     14
#define STACK_BYTES    4096

struct __attribute__((packed)) tss {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2;
    uint16_t reserved3, io_map;
};

struct __attribute__((packed)) pointer {
    uint16_t limit;
    uint64_t base;
};

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

static struct gate idt[256];
static uint64_t gdts[MAX_CPUS][GDT_WORDS];
static struct tss tsss[MAX_CPUS];
static uint8_t trap_stacks[MAX_CPUS][STACK_BYTES] __attribute__((aligned(16)));

static void set_gate(unsigned vector, const char *entry)
{
    uint64_t to = (uint64_t)entry;
    idt[vector] = (struct gate){.offset_low = (uint16_t)to,
                                .offset_middle = (uint16_t)(to >> 16),
                                .offset_high = (uint32_t)(to >> 32),
                                .selector = CODE,
                                .ist = 1,
                                .type = INTERRUPT_GATE};
}

/* Any other trap finds no gate, and resets the machine: here nothing else may come. */
void tables_make(void)
{
    set_gate(BREAKPOINT, breakpoint_entry);
    set_gate(PAGE_FAULT, page_fault_entry);
}

static void make_gdt(uint32_t cpu)
{
    uint64_t *gdt = gdts[cpu], base = (uint64_t)&tsss[cpu];
    gdt[CODE / 8] = CODE_SEGMENT;
    gdt[DATA / 8] = DATA_SEGMENT;
    gdt[TSS / 8] = TSS_SEGMENT | (sizeof(struct tss) - 1) | (base & 0xFFFFFF) << 16 |
                   (base >> 24 & 0xFF) << 56;
    gdt[TSS / 8 + 1] = base >> 32;
}

void tables_load(uint32_t cpu)
{
    tsss[cpu] = (struct tss){.ist = {(uint64_t)trap_stacks[cpu] + STACK_BYTES},
                             .io_map = sizeof(struct tss)};
    make_gdt(cpu);
    const struct pointer gdt = {sizeof(gdts[cpu]) - 1, (uint64_t)gdts[cpu]};
    const struct pointer own_idt = {sizeof(idt) - 1, (uint64_t)idt};
    /* GS keeps its base: the selector is not touched. */
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %2\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "movl %3, %%ss\n\t"
                     "movl %3, %%ds\n\t"
                     "movl %3, %%es\n\t"
                     "ltr %4\n\t"
                     "lidt %1"
                     :
                     : "m"(gdt), "m"(own_idt), "i"(CODE), "r"(DATA), "r"((uint16_t)TSS)
                     : "rax", "memory");
}

bool tables_are_own(uint32_t cpu, const struct percpu *percpu)
{
    struct pointer gdt, own_idt;
    __asm__ volatile("sgdt %0\n\tsidt %1" : "=m"(gdt), "=m"(own_idt));
    uint64_t stack = (uint64_t)trap_stacks[cpu];
    return gdt.base == (uint64_t)gdts[cpu] && own_idt.base == (uint64_t)idt &&
           percpu->breakpoints == 1 && percpu->breakpoint_stack > stack &&
           percpu->breakpoint_stack <= stack + STACK_BYTES;
}
