/* Work that is queued to a CPU runs there, in order, in its pinned idle thread. */
#include "boot/plural.h"
#include "kernel/kernel.h"
#include "kernel/proof.h"
#include "lib/atomic.h"

#define ITEMS 3u

static struct work items[MAX_CPUS][ITEMS];
static uint32_t runs[MAX_CPUS]; /* how many items have run on this CPU */

static void idle_item(struct percpu *cpu, void *argument)
{
    const struct percpu *sent_to = argument;
    evidence_equal(cpu, "CPU that runs the item", cpu->index, sent_to->index);
    evidence_equal(cpu, "CPU by its APIC ID", muster_apic_id(&kernel.platform),
                   sent_to->slot->apic_id);
    evidence_equal(cpu, "running thread", (uint64_t)cpu->current, (uint64_t)&cpu->idle);
    uint32_t before = runs[cpu->index];
    if (before)
        evidence_equal(cpu, "item before this one done",
                       word_load_acquire(&items[cpu->index][before - 1].done), 1);
    runs[cpu->index]++;
}

static bool send_items(struct percpu *cpu)
{
    runs[cpu->index] = 0;
    for (uint32_t n = 0; n < ITEMS; n++) {
        items[cpu->index][n] = (struct work){.function = idle_item, .argument = cpu};
        if (!work_send(cpu, &items[cpu->index][n]))
            return false;
    }
    return true;
}

static bool await_items(struct percpu *cpu, uint64_t deadline_ns)
{
    for (uint32_t n = 0; n < ITEMS; n++)
        if (!thread_wait(&items[cpu->index][n].done, 0, deadline_ns))
            return false;
    return true;
}

void prove_idle_work(struct proof *proof)
{
    uint32_t count = kernel.machine.cpu_count;
    uint64_t deadline = time_deadline_ns();
    for (uint32_t i = 0; i < count; i++) {
        struct percpu *cpu = cpu_if_active(i);
        if (cpu && !cpu->silent && !send_items(cpu))
            evidence_true(cpu, "room in the work queue", false);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct percpu *cpu = cpu_if_active(i);
        if (!cpu || (!cpu->silent && await_items(cpu, deadline)))
            continue;
        cpu->silent = true;
        proof_broken(proof, "CPU %u (APIC ID %u) did not run its work", i, cpu->slot->apic_id);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        if (cpu_if_active(i))
            evidence_equal(&percpus[i], "items run", runs[i], ITEMS);
    if (proof_no_complaint(proof))
        proof_held(proof, "%u %s: %u items each, in the CPU's idle thread", cpu_active_count(),
                   plural(cpu_active_count(), "CPU", "CPUs"), ITEMS);
}
