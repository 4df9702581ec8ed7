#include "kernel/work.h"

#include "boot/lock.h"
#include "kernel/kernel.h"
#include "kernel/percpu.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

static bool put(struct work_queue *queue, struct work *work)
{
    lock_take(&queue->lock);
    uint32_t count = word_load_relaxed(&queue->put);
    bool room = count - word_load_acquire(&queue->taken) < WORK_QUEUE_ITEMS;
    if (room) {
        queue->items[count % WORK_QUEUE_ITEMS] = work;
        word_store_release(&queue->put, count + 1); /* pairs with the acquire in work_run_next() */
    }
    lock_drop(&queue->lock);
    return room;
}

bool work_send(struct percpu *cpu, struct work *work)
{
    if (!put(&cpu->queue, work))
        return false;
    if (cpu == this_cpu())
        return true;
    return muster_apic_send(&kernel.platform, cpu->slot->apic_id, WORK_VECTOR) == MUSTER_OK;
}

bool work_run_next(struct percpu *cpu)
{
    struct work_queue *queue = &cpu->queue;
    uint32_t taken = word_load_relaxed(&queue->taken);
    if (word_load_acquire(&queue->put) == taken)
        return false;
    struct work *work = queue->items[taken % WORK_QUEUE_ITEMS];
    word_store_release(&queue->taken, taken + 1); /* the place may be filled again */
    work->function(cpu, work->argument);
    word_store_release(&work->done, 1); /* with all that the function wrote */
    return true;
}

void work_call_all(work_function *function, void *argument, uint64_t deadline_ns)
{
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        struct percpu *cpu = cpu_if_active(i);
        if (!cpu || cpu->silent)
            continue;
        cpu->call = (struct work){.function = function, .argument = argument};
        if (!work_send(cpu, &cpu->call))
            cpu->silent = true;
    }
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        struct percpu *cpu = cpu_if_active(i);
        if (cpu && !cpu->silent && !thread_wait(&cpu->call.done, 0, deadline_ns))
            cpu->silent = true;
    }
}
