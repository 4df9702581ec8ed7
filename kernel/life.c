#include "kernel/life.h"

#include "kernel/kernel.h"
#include "lib/atomic.h"

/*
 * The idle thread runs nobody's work but the CPU's own, and only while no other thread is ready:
 * so it is the one that can end here. Threads that wait stay where they are, in this block, and
 * find out later that time has passed.
 */
enum muster_status life_go_off(struct percpu *cpu)
{
    word_move(&cpu->active, CPU_ACTIVE, CPU_UNDECIDED);
    enum muster_status status = muster_cpu_off(cpu->slot);
    word_move(&cpu->active, CPU_UNDECIDED, CPU_ACTIVE);
    return status;
}

void life_leave(struct percpu *cpu, void *argument)
{
    (void)argument;
    (void)life_go_off(cpu); /* whoever waits for it will see */
}

enum muster_status life_turn_off(struct percpu *cpu, work_function *leave)
{
    cpu->off = (struct work){.function = leave};
    if (!work_send(cpu, &cpu->off))
        return MUSTER_TIME_OUT;
    return muster_cpu_wait(&kernel.machine, cpu->slot->apic_id, MUSTER_CPU_OFF,
                           kernel.options.timeout_ns);
}

enum muster_status life_hand_back(const struct percpu *cpu)
{
    return muster_cpu_hand_back(&kernel.machine, &kernel.plan, cpu->slot->apic_id,
                                kernel.custody.policy == MUSTER_CUSTODY_KEEP,
                                kernel.options.timeout_ns);
}

struct muster_start life_start(struct percpu *cpu, muster_entry *entry, void *context)
{
    return (struct muster_start){
        .entry = entry,
        .context = context,
        .stack_top = cpu->idle.stack_end,
        .percpu = cpu,
    };
}

void life_come_on(struct percpu *cpu)
{
    thread_become(cpu, &cpu->idle, "idle", THREAD_IDLE, cpu->idle.stack_start, cpu->idle.stack_end);
    muster_slot_set_kernel_stack(cpu->slot, cpu->kernel_rsp);
    idle_body(cpu);
}
