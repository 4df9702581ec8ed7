/* From the park area to an idle thread on every CPU. */
#include "boot/console.h"
#include "boot/native.h"
#include "boot/image.h"
#include "kernel/bringup.h"
#include "kernel/fatal.h"
#include "kernel/kernel.h"
#include "kernel/memory.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

#define STACK_BYTES 8192u
#define MASK_BITS   32u

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

/* On the CPU itself: what the library leaves to the kernel. */
static void set_up_cpu(struct percpu *cpu)
{
    struct x86_tss *tss = (struct x86_tss *)cpu->slot->tss;
    tss->rsp[0] = cpu->kernel_rsp;
    write_msr(MSR_KERNEL_GS_BASE, 0);
}

static void create_idle(struct percpu *cpu)
{
    uint64_t stack = memory_allocate(STACK_BYTES);
    cpu->kernel_rsp = memory_allocate(STACK_BYTES) + STACK_BYTES;
    thread_create(cpu, &cpu->idle, "idle", THREAD_IDLE, idle_body, stack, stack + STACK_BYTES);
}

/* Where a started AP enters: on its bootstrap thread's stack, interrupts off. */
static void ap_main(struct muster_slot *slot, void *context)
{
    struct percpu *cpu = context;
    uint64_t stack_end = slot->start.stack_top;
    thread_become(cpu, &cpu->bootstrap, "bootstrap", THREAD_BOOTSTRAP, stack_end - STACK_BYTES,
                  stack_end);
    set_up_cpu(cpu);
    if (!waiting_clear(cpu->index))
        native_halt(); /* given up: what it stands on may be anybody's */
    thread_exit(cpu);
}

static void prepare_ap(struct percpu *cpu)
{
    create_idle(cpu);
    cpu->slot->start = (struct muster_start){
        .entry = ap_main,
        .context = cpu,
        .stack_top = memory_allocate(STACK_BYTES) + STACK_BYTES,
        .percpu = cpu,
    };
    waiting_set(cpu->index);
}

static void prepare_bsp(struct percpu *cpu)
{
    create_idle(cpu);
    set_up_cpu(cpu);
    thread_become(cpu, &cpu->bootstrap, "boot", THREAD_BOOTSTRAP, 0, (uint64_t)boot_stack_top);
}

/*
 * Until every AP has cleared its bit and runs its idle thread; at the deadline the rest is given
 * up. Those that did not even start have had their deadline.
 */
static void await_set_up(uint64_t deadline_ns)
{
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        if (muster_cpu_state(&kernel.machine, i) != MUSTER_CPU_ON && waiting_clear(i))
            percpus[i].given_up = true;
    for (uint32_t i = 0; i < MAX_CPUS / MASK_BITS; i++) {
        uint32_t left;
        while ((left = word_load_acquire(&waiting[i])) != 0 && time_now_ns() < deadline_ns)
            (void)thread_wait(&waiting[i], left, deadline_ns);
    }
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        if (waiting_clear(i))
            percpus[i].given_up = true;
        else if (muster_cpu_state(&kernel.machine, i) == MUSTER_CPU_ON)
            (void)thread_wait(&percpus[i].active, 0, deadline_ns);
    }
}

void bringup_start(void)
{
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        if (i == kernel.machine.bsp)
            prepare_bsp(&percpus[i]);
        else if (muster_cpu_state(&kernel.machine, i) == MUSTER_CPU_OFF)
            prepare_ap(&percpus[i]);
    uint64_t start = time_now_ns();
    enum muster_status status = muster_start(&kernel.machine, NULL, 0, kernel.options.timeout_ns);
    if (status != MUSTER_OK && status != MUSTER_TIME_OUT)
        fatal_status(status, "start the processors");
    await_set_up(time_deadline_ns());
    kernel.start_ns = time_now_ns() - start;
    console_printf("start: %u of %u CPUs are active after %lu us\n", cpu_active_count(),
                   kernel.machine.cpu_count, kernel.start_ns / 1000);
}
