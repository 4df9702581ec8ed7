/* The smallest kernel that has all of its CPUs: Multiboot 1, COM1, and libmuster. */
#include <cpuid.h>
#include <muster.h>

#define MAX_CPUS    256
#define STACK_BYTES 4096
#define ENTRY_PHYS  0x8000 /* a free page below 1 MiB: a real kernel asks its memory map */
#define DEADLINE_NS 5000000000u
#define APIC        0xFEE00000
#define COM1        0x3F8
#define POWER_OFF   0x604 /* of QEMU's q35, by 0x2000 */

extern char root[]; /* start.S's page tables */

static struct muster_machine machine;
static struct muster_plan plan;
static struct muster_cpu cpus[MAX_CPUS];
static struct muster_index_entry places[2 * MAX_CPUS];
static struct muster_slot slots[MAX_CPUS];
static struct muster_idt idt;
static uint8_t mailbox_entry[2 * 4096] __attribute__((aligned(4096)));
static uint8_t stacks[MAX_CPUS][STACK_BYTES] __attribute__((aligned(16)));
static struct muster_slot *percpus[MAX_CPUS]; /* a per-CPU block begins with its slot's address */

static void *map(void *context, uint64_t phys, size_t bytes)
{
    return phys && phys < 0x100000000 - bytes ? (void *)phys : NULL;
}

static uint32_t apic_read(void *context, uint32_t offset)
{
    return *(volatile uint32_t *)(APIC + (uint64_t)offset);
}

static void apic_write(void *context, uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)(APIC + (uint64_t)offset) = value;
}

static uint64_t msr_read(void *context, uint32_t msr)
{
    uint64_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return high << 32 | low;
}

static void msr_write(void *context, uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"(value), "d"(value >> 32) : "memory");
}

static void cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    __cpuid_count(leaf, subleaf, out[0], out[1], out[2], out[3]);
}

/* No TSC is faster than 4 GHz or so: deadlines come late rather than early. */
static uint64_t tsc_to_ns(void *context, uint64_t tsc)
{
    return tsc / 4;
}

static uint64_t time_ns(void *context)
{
    return tsc_to_ns(context, __builtin_ia32_rdtsc());
}

static void wait(void *context, const struct muster_word *word, uint32_t value, uint64_t deadline)
{
    while (__atomic_load_n(&word->value, __ATOMIC_ACQUIRE) == value && time_ns(context) < deadline)
        __builtin_ia32_pause();
}

static void sleep(void *context, const struct muster_word *word, uint32_t value)
{
    if (__atomic_load_n(&word->value, __ATOMIC_ACQUIRE) == value)
        __asm__ volatile("sti; hlt; cli" : : : "memory");
}

static const struct muster_platform platform = {.map = map,
                                                .apic_read = apic_read,
                                                .apic_write = apic_write,
                                                .msr_read = msr_read,
                                                .msr_write = msr_write,
                                                .cpuid = cpuid,
                                                .time_ns = time_ns,
                                                .tsc_to_ns = tsc_to_ns,
                                                .wait = wait,
                                                .sleep = sleep};

static void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void write_text(const char *text)
{
    for (; *text; text++)
        out8(COM1, (uint8_t)*text);
}

/* Each AP, on its own stack, tables loaded, interrupts off: from here it is the scheduler's. */
static void __attribute__((noreturn)) ap_main(struct muster_slot *slot, void *context)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

static void __attribute__((noreturn)) stop(const char *text)
{
    write_text(text);
    write_text("\n");
    __asm__ volatile("outw %0, %1" : : "a"((uint16_t)0x2000), "d"((uint16_t)POWER_OFF));
    ap_main(NULL, NULL);
}

static void check(enum muster_status status)
{
    if (status != MUSTER_OK)
        stop(muster_error_text(status));
}

static void trap(struct muster_slot *slot, struct muster_trap_frame *frame)
{
    stop("a trap that nobody expected");
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
        .entry_bytes = muster_entry_bytes(&machine, &plan),
        .wake_vector = 0x40,
        .trap = trap};
    percpus[machine.bsp] = &slots[machine.bsp];
    check(muster_prepare(&machine, &plan, &config, slots, &idt, &percpus[machine.bsp]));
    check(muster_adopt(&machine, &plan, DEADLINE_NS));
    for (uint32_t i = 0; i < machine.cpu_count; i++) {
        percpus[i] = &slots[i];
        slots[i].start = (struct muster_start){.entry = ap_main,
                                               .stack_top = (uint64_t)stacks[i] + STACK_BYTES,
                                               .percpu = &percpus[i]};
    }
    check(muster_start(&machine, NULL, machine.cpu_count, DEADLINE_NS));
    uint32_t on = machine.on_count.value;
    char number[] = {(char)('0' + on / 100), (char)('0' + on / 10 % 10), (char)('0' + on % 10), 0};
    write_text(number);
    write_text(" CPUs on by ");
    stop(muster_way_name(plan.way));
}
