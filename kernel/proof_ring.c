/* An interrupt goes around: each CPU sends it on to the next, the last one to the BSP. */
#include "boot/plural.h"
#include "kernel/kernel.h"
#include "kernel/proof.h"
#include "kernel/trap.h"
#include "lib/atomic.h"

static uint32_t ring_next[MAX_CPUS]; /* index of the CPU that comes after this one */
static struct muster_word hops;      /* CPUs that the interrupt has come through */
static struct muster_word arrived;   /* 1 once it is back at the BSP */

static void ring_handler(struct percpu *cpu, struct muster_trap_frame *frame)
{
    (void)frame;
    (void)word_fetch_add(&cpu->trap_count, 1);
    (void)word_fetch_add(&hops, 1);
    if (cpu->index == kernel.machine.bsp) {
        word_store_release(&arrived, 1);
        return;
    }
    const struct percpu *next = &percpus[ring_next[cpu->index]];
    (void)muster_apic_send(&kernel.platform, next->slot->apic_id, RING_VECTOR);
}

/* The first CPU after @index, around, that is active. */
static uint32_t active_after(uint32_t index)
{
    do
        index = (index + 1) % kernel.machine.cpu_count;
    while (!cpu_if_active(index));
    return index;
}

static void name_where_it_ended(struct proof *proof)
{
    uint32_t i = kernel.machine.bsp;
    uint32_t count = 0;
    do {
        i = ring_next[i];
        if (!word_load_acquire(&percpus[i].trap_count))
            break;
        count++;
    } while (i != kernel.machine.bsp);
    proof_broken(proof, "the interrupt did not reach CPU %u (APIC ID %u) after %u %s", i,
                 percpus[i].slot->apic_id, count, plural(count, "hop", "hops"));
}

static bool everybody_had_one(struct proof *proof)
{
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        struct percpu *cpu = cpu_if_active(i);
        if (!cpu || word_load_acquire(&cpu->trap_count) == 1)
            continue;
        proof_broken(proof, "CPU %u (APIC ID %u) was interrupted %u times instead of once", i,
                     cpu->slot->apic_id, word_load_acquire(&cpu->trap_count));
        return false;
    }
    return true;
}

void prove_ipi_ring(struct proof *proof)
{
    uint32_t bsp = kernel.machine.bsp;
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        ring_next[i] = active_after(i);
    word_store_release(&hops, 0);
    word_store_release(&arrived, 0);
    trap_set_handler(RING_VECTOR, ring_handler);
    uint64_t start = time_now_ns();
    (void)muster_apic_send(&kernel.platform, percpus[ring_next[bsp]].slot->apic_id, RING_VECTOR);
    if (!thread_wait(&arrived, 0, time_deadline_ns()))
        name_where_it_ended(proof);
    else if (everybody_had_one(proof))
        proof_held(proof, "%u %s in %lu us, every CPU once", word_load_acquire(&hops),
                   plural(word_load_acquire(&hops), "hop", "hops"), (time_now_ns() - start) / 1000);
}
