/* From the park area to an idle thread on every CPU. */
#include "abi/handover.h"
#include "boot/console.h"
#include "boot/image.h"
#include "boot/mark.h"
#include "boot/native.h"
#include "boot/plural.h"
#include "kernel/bringup.h"
#include "kernel/kernel.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

#define STACK_BYTES 8192u
#define MASK_BITS   32u

/*
 * In the image, and not from the firmware's map: while an AP is missing nobody knows where the
 * page tables are that it stands on, and memory declared usable may hold them.
 */
static struct {
    uint8_t idle[STACK_BYTES];
    uint8_t kernel[STACK_BYTES]; /* system calls, and traps in ring 3 */
    uint8_t bootstrap[STACK_BYTES];
} stacks[MAX_CPUS] __attribute__((aligned(16)));

/* A bit for each CPU that is being set up. Who clears it decides: the CPU, or the time-out. */
static struct muster_word waiting[MAX_CPUS / MASK_BITS];

static void waiting_set(uint32_t index)
{
    (void)word_fetch_add(&waiting[index / MASK_BITS], 1u << (index % MASK_BITS));
}

static bool waiting_clear(uint32_t index)
{
    struct muster_word *word = &waiting[index / MASK_BITS];
    uint32_t bit = 1u << (index % MASK_BITS);
    for (;;) {
        uint32_t old = word_load_acquire(word);
        if (!(old & bit))
            return false;
        if (word_move(word, old, old & ~bit))
            return true;
    }
}

void bringup_give_stacks(struct percpu *cpu)
{
    cpu->kernel_rsp = (uint64_t)stacks[cpu->index].kernel + STACK_BYTES;
    cpu->idle.stack_start = (uint64_t)stacks[cpu->index].idle;
    cpu->idle.stack_end = cpu->idle.stack_start + STACK_BYTES;
}

static void create_idle(struct percpu *cpu)
{
    bringup_give_stacks(cpu);
    thread_create(cpu, &cpu->idle, "idle", THREAD_IDLE, idle_body, cpu->idle.stack_start,
                  cpu->idle.stack_end);
}

/* Where a started AP enters: on its bootstrap thread's stack, interrupts off. */
static void ap_main(struct muster_slot *slot, void *context)
{
    struct percpu *cpu = context;
    muster_slot_set_kernel_stack(slot, cpu->kernel_rsp);
    if (!waiting_clear(cpu->index))
        native_halt(); /* given up: what it stands on may be anybody's */
    thread_exit(cpu);
}

static void prepare_ap(struct percpu *cpu)
{
    uint64_t stack = (uint64_t)stacks[cpu->index].bootstrap;
    create_idle(cpu);
    thread_become(cpu, &cpu->bootstrap, "bootstrap", THREAD_BOOTSTRAP, stack, stack + STACK_BYTES);
    cpu->slot->start = (struct muster_start){
        .entry = ap_main,
        .context = cpu,
        .stack_top = stack + STACK_BYTES,
        .percpu = cpu,
    };
    waiting_set(cpu->index);
}

static void prepare_bsp(struct percpu *cpu)
{
    create_idle(cpu);
    muster_slot_set_kernel_stack(cpu->slot, cpu->kernel_rsp);
    thread_become(cpu, &cpu->bootstrap, "boot", THREAD_BOOTSTRAP, 0, (uint64_t)boot_stack_top);
}

void bringup_prepare_start(uint32_t index)
{
    if (index == kernel.machine.bsp)
        prepare_bsp(&percpus[index]);
    else
        prepare_ap(&percpus[index]);
}

/* The library's ON, and no more: it is named here, since the library knows of no failure. */
static void give_up(struct percpu *cpu, const char *why)
{
    cpu->given_up = why;
    console_printf("  CPU %u (APIC ID %u): given up: %s\n", cpu->index, cpu->slot->apic_id, why);
}

/* Those that the library could not start have had their deadline, and have its failure. */
static void forget_not_started(void)
{
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        if (muster_cpu_state(&kernel.machine, i) != MUSTER_CPU_ON)
            (void)waiting_clear(i);
}

static bool anybody_waits(void)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i * MASK_BITS < kernel.machine.cpu_count; i++)
        bits |= word_load_acquire(&waiting[i]);
    return bits != 0;
}

static void await_one(struct percpu *cpu, uint64_t deadline_ns)
{
    if (muster_cpu_state(&kernel.machine, cpu->index) != MUSTER_CPU_ON)
        return;
    if (waiting_clear(cpu->index))
        give_up(cpu, "it started, and did not clear its bit in time");
    else if (!thread_wait(&cpu->active, CPU_UNDECIDED, deadline_ns) &&
             word_move(&cpu->active, CPU_UNDECIDED, CPU_GIVEN_UP))
        give_up(cpu, "it cleared its bit, and its idle thread did not run in time");
}

/* Until every AP has cleared its bit and runs its idle thread; the rest is given up. */
static void await_set_up(uint64_t deadline_ns)
{
    if (anybody_waits())
        forget_not_started();
    for (uint32_t i = 0; i * MASK_BITS < kernel.machine.cpu_count; i++) {
        uint32_t left;
        while ((left = word_load_acquire(&waiting[i])) != 0 && time_now_ns() < deadline_ns)
            (void)thread_wait(&waiting[i], left, deadline_ns);
    }
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        if (word_load_acquire(&percpus[i].active) != CPU_ACTIVE)
            await_one(&percpus[i], deadline_ns);
}

static void make_order(void)
{
    kernel.order_count = muster_order_make(&kernel.machine, kernel.options.order, kernel.order);
}

/* As others do it, to be compared with (docs/simulate.md): each awaited before the next. */
static void start_one_by_one(void)
{
    const struct muster_machine *machine = &kernel.machine;
    uint64_t deadline = time_deadline_ns();
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        uint64_t now = time_now_ns();
        if (i != machine->bsp && machine->cpus[i].enabled && now < deadline)
            (void)muster_cpu_bring_up(&kernel.machine, &kernel.plan, machine->cpus[i].apic_id,
                                      kernel.options.strategy == STRATEGY_CLASSIC, deadline - now);
    }
}

static void mark_all_on(void)
{
    mark_write(&kernel.platform, ALL_ON_MARK);
    kernel.all_on_ns = time_now_ns();
}

void bringup_mark_early(void)
{
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        if (i != kernel.machine.bsp && word_load_acquire(&percpus[i].active) != CPU_ACTIVE)
            return;
    mark_all_on();
}

void bringup_start(void)
{
    bool listed = kernel.options.order == MUSTER_ORDER_LISTED;
    if (!listed)
        make_order();
    uint64_t start = time_now_ns();
    /* Who is missing at its end is found in the slots. */
    if (options_one_by_one(&kernel.options))
        start_one_by_one();
    else
        (void)muster_start(&kernel.machine, listed ? NULL : kernel.order, kernel.order_count,
                           kernel.options.timeout_ns);
    await_set_up(time_deadline_ns());
    kernel.start_ns = time_now_ns() - start;
    if (!kernel.all_on_ns)
        mark_all_on();
    if (listed)
        make_order(); /* for the report */
    console_printf("start: %u of %u %s active after %lu ns\n", cpu_active_count(),
                   cpu_there_count(), plural(cpu_there_count(), "CPU is", "CPUs are"),
                   kernel.start_ns);
}
