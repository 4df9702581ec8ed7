/*
 * All clocks agree: by the library's own measurement, and by one that asks it nothing: a counter's
 * value goes through all CPUs, one at a time, and no CPU may find it ahead of its own counter.
 */
#include "boot/console.h"
#include "boot/lock.h"
#include "kernel/kernel.h"
#include "kernel/proof.h"
#include "lib/cpu/instructions.h"

#define PASSES 4u

static struct {
    struct muster_word lock;
    uint64_t last;  /* the counter of whoever was here before */
    uint64_t warp;  /* the most by which it was ahead */
    uint32_t index; /* of the CPU that found it */
} baton;

static void pass_baton(struct percpu *cpu, void *argument)
{
    (void)argument;
    for (uint32_t pass = 0; pass < PASSES; pass++) {
        lock_take(&baton.lock);
        uint64_t now = read_tsc_in_order();
        if (now < baton.last && baton.last - now > baton.warp) {
            baton.warp = baton.last - now;
            baton.index = cpu->index;
        }
        baton.last = now;
        lock_drop(&baton.lock);
    }
}

/* How far a CPU's counter may be from the BSP's, by what was measured; false: that is broken. */
static bool check_measured(struct proof *proof, uint32_t index, uint64_t *farthest)
{
    const struct muster_clock *clock = &kernel.machine.slots[index].clock;
    uint64_t distance = (uint64_t)(clock->offset < 0 ? -clock->offset : clock->offset);
    if (!clock->known)
        proof_broken(proof, "CPU %u (APIC ID %u): its clock could not be measured", index,
                     kernel.machine.slots[index].apic_id);
    else if (distance > clock->uncertainty)
        proof_broken(proof, "CPU %u (APIC ID %u): its TSC is %ld ticks from the BSP's, +-%lu",
                     index, kernel.machine.slots[index].apic_id, clock->offset, clock->uncertainty);
    else if (*farthest < distance + clock->uncertainty)
        *farthest = distance + clock->uncertainty;
    return clock->known && distance <= clock->uncertainty;
}

void prove_clock(struct proof *proof)
{
    uint64_t farthest = 0;
    uint32_t corrected = 0;
    if (cpu_active_count() == 1) {
        proof_not_applicable(proof, "one CPU has nobody to agree with");
        return;
    }
    baton.last = baton.warp = 0;
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        if (i == kernel.machine.bsp || !cpu_if_active(i))
            continue;
        if (!check_measured(proof, i, &farthest))
            return;
        corrected += kernel.machine.slots[i].clock.correction != 0;
    }
    if (!proof_on_all(proof, pass_baton, NULL))
        return;
    /* Two CPUs may be off in opposite directions. */
    if (baton.warp > 2 * farthest)
        proof_broken(proof,
                     "CPU %u finds the TSC of the CPU before it %lu ticks ahead; "
                     "%lu are the most by what was measured",
                     baton.index, baton.warp, 2 * farthest);
    else
        proof_held(proof,
                   "every TSC agrees with the BSP's within what can be measured, at most "
                   "%lu ticks; %u corrected; no CPU sees time go back by more than %lu",
                   farthest, corrected, baton.warp);
}
