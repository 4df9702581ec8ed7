/* The smallest kernel that has all of its CPUs: Multiboot 1, COM1, and libmuster. */
#include "platform.h"

#define MAX_CPUS    256
#define ENTRY_PHYS  0x8000 /* a free page below 1 MiB: a real kernel asks its memory map */
#define DEADLINE_NS 5000000000u

extern char root[]; /* start.S's page tables */
static struct muster_machine machine;
static struct muster_plan plan;
static struct muster_cpu cpus[MAX_CPUS];
static struct muster_index_entry places[2 * MAX_CPUS];
static struct muster_slot slots[MAX_CPUS];
static struct muster_idt idt;
static uint8_t stacks[MAX_CPUS][4096] __attribute__((aligned(16)));
static uint8_t mailbox_entry[MAX_CPUS / 64 * 4096] __attribute__((aligned(4096)));

/* Each AP, on its own stack, tables loaded, interrupts off: from here it is the scheduler's. */
static void __attribute__((noreturn)) ap_main(struct muster_slot *slot, void *context)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

void main(void)
{
    out8(0x21, 0xFF); /* the PICs: nothing may come from there */
    out8(0xA1, 0xFF);
    check(muster_machine_init(&machine, &platform, cpus, MAX_CPUS, places, 2 * MAX_CPUS));
    check(muster_discover(&machine, muster_rsdp_scan(&platform), muster_apic_id(&platform)));
    check(muster_plan_make(&machine, MUSTER_WAY_AUTO, &plan));
    struct muster_cpu_config config = {
        .park_cr3 = (uint64_t)root,
        .paging_levels = 4,
        .entry_phys = plan.way == MUSTER_WAY_SIPI ? ENTRY_PHYS : (uint64_t)mailbox_entry,
        .entry_bytes = plan.way == MUSTER_WAY_SIPI ? 4096 : sizeof(mailbox_entry),
        .wake_vector = 0x40,
        .trap = trap};
    check(muster_prepare(&machine, &plan, &config, slots, &idt, &slots[machine.bsp]));
    check(muster_adopt(&machine, &plan, DEADLINE_NS));
    for (uint32_t i = 0; i < machine.cpu_count; i++) /* a slot's first word is its own address */
        slots[i].start = (struct muster_start){.entry = ap_main,
                                               .stack_top = (uint64_t)stacks[i] + sizeof(stacks[i]),
                                               .percpu = &slots[i]};
    check(muster_start(&machine, NULL, machine.cpu_count, DEADLINE_NS));
    uint32_t on = machine.on_count.value;
    char number[] = {(char)('0' + on / 100), (char)('0' + on / 10 % 10), (char)('0' + on % 10), 0};
    write_text(number);
    write_text(" CPUs on by ");
    stop(muster_way_name(plan.way));
}
