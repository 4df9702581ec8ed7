/* Each CPU is who its slot says, stands on its own stack, and reaches its own per-CPU block. */
#include "abi/x86.h"
#include "boot/plural.h"
#include "kernel/kernel.h"
#include "kernel/proof.h"
#include "lib/cpu/instructions.h"

static bool is_within(uint64_t address, uint64_t start, uint64_t end)
{
    return address >= start && address < end;
}

static void look_at_identity(struct percpu *cpu, void *argument)
{
    (void)argument;
    const struct muster_machine *machine = &kernel.machine;
    uint64_t here = (uint64_t)__builtin_frame_address(0);
    uint32_t apic_id = muster_apic_id(&kernel.platform);

    evidence_equal(cpu, "live APIC ID", apic_id, cpu->slot->apic_id);
    evidence_equal(cpu, "index of the APIC ID", (uint64_t)muster_machine_find(machine, apic_id),
                   cpu->index);
    evidence_equal(cpu, "slot", (uint64_t)cpu->slot, (uint64_t)&machine->slots[cpu->index]);
    evidence_true(cpu, "stack pointer within the idle thread's own stack",
                  is_within(here, cpu->idle.stack_start, cpu->idle.stack_end));
    const struct x86_tss *tss = (const struct x86_tss *)cpu->slot->tss;
    for (unsigned i = 0; i < MUSTER_IST_COUNT; i++)
        evidence_true(cpu, "IST stack within the slot",
                      is_within(tss->ist[i] - 1, (uint64_t)cpu->slot->ist[i],
                                (uint64_t)cpu->slot->ist[i] + MUSTER_IST_STACK_BYTES));
}

/* Stacks are given by index; that no two CPUs got the same is part of the proof. */
static bool stacks_are_distinct(struct proof *proof)
{
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++)
        for (uint32_t j = 0; j < i; j++) {
            const struct percpu *a = cpu_if_active(i);
            const struct percpu *b = cpu_if_active(j);
            if (!a || !b || a->idle.stack_end <= b->idle.stack_start ||
                b->idle.stack_end <= a->idle.stack_start)
                continue;
            proof_broken(proof, "CPU %u and CPU %u share a stack at 0x%lx", j, i,
                         a->idle.stack_start);
            return false;
        }
    return true;
}

void prove_identity(struct proof *proof)
{
    if (proof_on_all(proof, look_at_identity, NULL) && stacks_are_distinct(proof))
        proof_held(proof, "%u %s: live APIC ID is the slot's, each on its own stacks",
                   cpu_active_count(), plural(cpu_active_count(), "CPU", "CPUs"));
}

static void look_at_percpu(struct percpu *cpu, void *argument)
{
    (void)argument;
    evidence_equal(cpu, "GS base", read_msr(MSR_GS_BASE), (uint64_t)cpu);
    evidence_equal(cpu, "self pointer through GS", (uint64_t)this_cpu(), (uint64_t)cpu);
    evidence_equal(cpu, "place in the array", (uint64_t)cpu, (uint64_t)&percpus[cpu->index]);
    evidence_equal(cpu, "slot in the block", (uint64_t)cpu->slot,
                   (uint64_t)&kernel.machine.slots[cpu->index]);
    evidence_equal(cpu, "block in the slot", cpu->slot->gs_base, (uint64_t)cpu);
    /* The APIC is outside of all this: no two CPUs can both answer for one block. */
    evidence_equal(cpu, "APIC ID of the block's slot", muster_apic_id(&kernel.platform),
                   this_cpu()->slot->apic_id);
}

void prove_percpu(struct proof *proof)
{
    if (proof_on_all(proof, look_at_percpu, NULL))
        proof_held(proof, "%u %s: GS base is the CPU's own block", cpu_active_count(),
                   plural(cpu_active_count(), "CPU", "CPUs"));
}
