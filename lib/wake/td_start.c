/*
 * A TD's start, from its firmware's side: every CPU came to the reset vector at the same time as
 * the BSP, and sleeps at a gate. One store opens it to all; who is who they say by APIC ID.
 */
#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/apic.h"
#include "lib/cpu/cpu.h"
#include "lib/wake/way.h"

static uint64_t td_start_entry_bytes(const struct muster_machine *machine)
{
    (void)machine;
    return PAGE_BYTES;
}

/* The page by which lent CPUs come back does it: long mode, others' tables, one address for all. */
static enum muster_status td_start_prepare(struct muster_machine *machine)
{
    const struct muster_cpu_config *config = &machine->config;
    if (!config->td_gate)
        return MUSTER_INVALID_ARGUMENT;
    if (config->entry_bytes < PAGE_BYTES)
        return MUSTER_ERROR_ENTRY_PAGE;
    return muster_lend_prepare(machine, config->entry_phys);
}

static void wake_td_vcpu(const struct wake_run *run, struct muster_slot *slot)
{
    const struct muster_machine *machine = run->machine;
    enum muster_status status = apic_send(machine->platform, run->plan->x2apic, slot->apic_id,
                                          ICR_FIXED | ICR_ASSERT | machine->config.wake_vector);
    if (status)
        slot_fail(slot, status);
}

void td_gate_open(const struct muster_machine *machine)
{
    word_store_release(machine->config.td_gate, (uint32_t)machine->config.entry_phys);
}

static void td_start_wake(const struct wake_run *run)
{
    struct muster_machine *machine = run->machine;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (slot_wants_wake(&machine->slots[i]))
            slot_stamp_wake(run, &machine->slots[i]);
    /*
     * The page must be there before the gate opens, and the gate be open before anybody is woken:
     * a CPU looks, then sleeps, and an interrupt that came in between ends its sleep at once. It
     * stays pending until the CPU is in the park area, where its vector is known.
     */
    td_gate_open(machine);
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (slot_wants_wake(&machine->slots[i]))
            wake_td_vcpu(run, &machine->slots[i]);
}

static uint64_t td_start_wake_again(const struct wake_run *run, unsigned attempt)
{
    (void)run;
    (void)attempt;
    return 0; /* the gate stays open: who is late comes without being called */
}

const struct way_operations td_start_way = {
    .entry_bytes = td_start_entry_bytes,
    .prepare = td_start_prepare,
    .wake = td_start_wake,
    .wake_again = td_start_wake_again,
};
