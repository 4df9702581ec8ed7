/*
 * A kernel with a GDT, an IDT and a page table of its own. The library's serve until a CPU has
 * entered the kernel; there it changes to the kernel's, and shows that it is on them.
 */
#include "platform.h"
#include "tables.h"

#define STACK_BYTES 4096
#define ENTRY_PHYS  0x8000 /* a free page below 1 MiB: a real kernel asks its memory map */
#define DEADLINE_NS 5000000000u

extern char root[], start[]; /* start.S's page tables and first instruction */

static struct muster_machine machine;
static struct muster_plan plan;
static struct muster_cpu cpus[MAX_CPUS];
static struct muster_index_entry places[2 * MAX_CPUS];
static struct muster_slot slots[MAX_CPUS];
static struct muster_idt idt;
static uint8_t mailbox_entry[MAX_CPUS / 64 * 4096] __attribute__((aligned(4096)));
static uint8_t stacks[MAX_CPUS][STACK_BYTES] __attribute__((aligned(16)));
static struct percpu percpus[MAX_CPUS];
static uint64_t own_cr3;
static struct muster_word own_count; /* CPUs that are on their own tables, all of them */

static const uint8_t constant[] = {0xC3}; /* would return, if it could be run */

/* Four page faults, no more and no less: write-xor-execute, and nothing at its old place. */
static bool check_rights(struct percpu *percpu)
{
    provoke_write((void *)&percpu->page_faults); /* data may be written ... */
    provoke_write((void *)(WINDOW + ENTRY_PHYS));
    bool none = percpu->page_faults == 0;
    provoke_write(start);                        /* ... code may not, */
    provoke_write(constant);                     /* nor constants; */
    provoke_call(constant);                      /* these do not run; */
    provoke_write((void *)(uint64_t)ENTRY_PHYS); /* and low memory is elsewhere now. */
    return none && percpu->page_faults == 4;
}

/* On each CPU, the BSP too. */
static void take_own_tables(uint32_t cpu)
{
    struct percpu *percpu = &percpus[cpu];
    tables_load(cpu);
    __asm__ volatile("movq %0, %%cr3" : : "r"(own_cr3) : "memory");
    provoke_breakpoint();
    if (tables_are_own(cpu, percpu) && check_rights(percpu))
        __atomic_fetch_add(&own_count.value, 1, __ATOMIC_RELEASE);
}

static void __attribute__((noreturn)) ap_main(struct muster_slot *slot, void *context)
{
    take_own_tables(slot->index);
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* Every AP in the park area, off. */
static void adopt_all(void)
{
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
    for (uint32_t i = 0; i < machine.cpu_count; i++)
        percpus[i].slot = &slots[i];
    check(muster_prepare(&machine, &plan, &config, slots, &idt, &percpus[machine.bsp]));
    check(muster_adopt(&machine, &plan, DEADLINE_NS));
}

static void start_all(void)
{
    for (uint32_t i = 0; i < machine.cpu_count; i++)
        slots[i].start = (struct muster_start){.entry = ap_main,
                                               .stack_top = (uint64_t)stacks[i] + STACK_BYTES,
                                               .percpu = &percpus[i]};
    check(muster_start(&machine, NULL, machine.cpu_count, DEADLINE_NS));
}

/* ON is the library's word, and comes before a CPU has done anything of the kernel's. */
static bool await_own_tables(void)
{
    uint64_t deadline = platform.time_ns(NULL) + DEADLINE_NS;
    uint32_t count;
    while ((count = __atomic_load_n(&own_count.value, __ATOMIC_ACQUIRE)) < machine.cpu_count &&
           platform.time_ns(NULL) < deadline)
        platform.wait(NULL, &own_count, count, deadline);
    return count == machine.cpu_count;
}

void main(void)
{
    out8(0x21, 0xFF); /* the PICs: nothing may come from there */
    out8(0xA1, 0xFF);
    adopt_all();
    tables_make();
    own_cr3 = paging_make();
    start_all();
    take_own_tables(machine.bsp);
    if (!await_own_tables())
        stop("not every CPU is on its own tables");
    uint32_t on = own_count.value;
    char number[] = {(char)('0' + on / 100), (char)('0' + on / 10 % 10), (char)('0' + on % 10), 0};
    write_text(number);
    write_text(" CPUs on by ");
    write_text(muster_way_name(plan.way));
    stop(", each on its own tables");
}
