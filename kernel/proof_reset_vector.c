/* A parked CPU goes back to the firmware by the ResetVector, and comes again by the mailbox. */
#include "boot/console.h"
#include "boot/plural.h"
#include "kernel/kernel.h"
#include "kernel/life.h"
#include "kernel/proof.h"

/* The last CPU in the tables that is parked, or -1. */
static int32_t last_parked(void)
{
    for (int32_t i = (int32_t)kernel.machine.cpu_count - 1; i >= 0; i--)
        if (muster_cpu_state(&kernel.machine, (uint32_t)i) == MUSTER_CPU_OFF)
            return i;
    return -1;
}

static const char *why_not(void)
{
    if (kernel.plan.way != MUSTER_WAY_MAILBOX)
        return "CPUs were not woken by a mailbox";
    if (!kernel.plan.reset_vector)
        return "the firmware gives no ResetVector";
    if (last_parked() < 0)
        return "no parked CPU to hand back";
    return NULL;
}

/* The firmware's memory is about to be given away: a hand-back must be refused by name. */
static void prove_refusal(struct proof *proof, uint32_t index)
{
    uint32_t apic_id = kernel.machine.slots[index].apic_id;
    enum muster_status status = life_hand_back(&percpus[index]);
    if (status == MUSTER_ERROR_FIRMWARE_RECLAIMED)
        proof_not_applicable(proof, "policy RECLAIM: a hand-back is refused (%s)",
                             muster_error_name(status));
    else
        proof_broken(proof, "policy RECLAIM, but the hand-back of APIC ID %u answered %s", apic_id,
                     muster_error_name(status));
}

static bool make_round_trip(struct proof *proof, uint32_t index)
{
    const struct muster_machine *machine = &kernel.machine;
    uint32_t apic_id = machine->slots[index].apic_id;
    enum muster_status status = life_hand_back(&percpus[index]);
    if (status != MUSTER_OK) {
        proof_broken(proof, "CPU %u (APIC ID %u) could not be handed back: %s", index, apic_id,
                     muster_error_name(status));
        return false;
    }
    enum muster_cpu_state handed_back = muster_cpu_state(machine, index);
    /* Other CPUs that are missing are no concern here: adoption has told of them already. */
    (void)muster_adopt(&kernel.machine, &kernel.plan, kernel.options.timeout_ns);
    if (handed_back == MUSTER_CPU_ABSENT && muster_cpu_state(machine, index) == MUSTER_CPU_OFF)
        return true;
    if (handed_back != MUSTER_CPU_ABSENT)
        proof_broken(proof, "CPU %u (APIC ID %u) was handed back and is %s", index, apic_id,
                     muster_cpu_state_name(handed_back));
    else
        proof_broken(proof, "CPU %u (APIC ID %u) was handed back and did not come again: %s", index,
                     apic_id, muster_error_name(machine->slots[index].failure));
    return false;
}

/* The last parked CPU, then the one before it, around and around. */
static void prove_round_trips(struct proof *proof)
{
    uint32_t count = kernel.machine.cpu_count;
    uint32_t index = (uint32_t)last_parked();
    uint64_t start = time_now_ns();
    for (uint32_t round = 0; round < kernel.options.hand_backs; round++) {
        if (!make_round_trip(proof, index))
            return;
        do
            index = (index + count - 1) % count;
        while (muster_cpu_state(&kernel.machine, index) != MUSTER_CPU_OFF);
    }
    uint64_t took_us = (time_now_ns() - start) / 1000;
    proof_held(proof, "%u %s handed back, answered Test, and came again, in %lu us",
               kernel.options.hand_backs, plural(kernel.options.hand_backs, "CPU was", "CPUs were"),
               took_us);
}

void prove_reset_vector(void)
{
    struct proof *proof = proof_find(PROOF_RESET_VECTOR);
    const char *reason = why_not();
    if (reason)
        proof_not_applicable(proof, "%s", reason);
    else if (kernel.custody.policy == MUSTER_CUSTODY_KEEP)
        prove_round_trips(proof);
    else
        prove_refusal(proof, (uint32_t)last_parked());
}
