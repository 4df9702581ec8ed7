/* Back to the firmware: through the ResetVector, made sure of by Test (ACPI 6.6, 5.2.12.19). */
#include <muster/wake.h>

#include "lib/atomic.h"
#include "lib/wake/mailbox.h"
#include "lib/wake/park.h"
#include "lib/wake/way.h"

bool muster_ap_in_firmware(const struct muster_machine *machine, const struct muster_plan *plan)
{
    (void)plan; /* a CPU that INIT did not reach is in the loop as well */
    if (!machine->mailbox.present)
        return false;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (machine->cpus[i].enabled && i != machine->bsp &&
            !word_load_acquire(&machine->slots[i].arrived))
            return true;
    return false;
}

void slot_vacate(struct muster_slot *slot)
{
    word_store_release(&slot->arrived, 0);
    word_store_release(&slot->claimed, 0);
}

/*
 * Tell a parked CPU to leave; only once Test can be asked, for who has left is not to be had
 * back. On an error it is as if it had not been told.
 */
static enum muster_status tell_to_leave(struct muster_slot *slot, uint64_t deadline_ns)
{
    struct muster_machine *machine = slot->machine;
    enum muster_status status = mailbox_await_free(machine, deadline_ns);
    if (status)
        return status;
    word_store_release(&slot->command, PARK_HAND_BACK);
    status = muster_apic_send(machine->platform, slot->apic_id, machine->config.wake_vector);
    /* One that was awake has taken the command without the interrupt. */
    if (status && word_move(&slot->command, PARK_HAND_BACK, PARK_STAY))
        return status;
    return MUSTER_OK;
}

/* Whether it arrived. Whoever takes the command decides: one that never looked stays parked. */
static enum muster_status make_sure(struct muster_slot *slot, uint64_t deadline_ns)
{
    enum muster_status status = mailbox_test(slot->machine, slot->apic_id, deadline_ns);
    if (!word_move(&slot->command, PARK_HAND_BACK, PARK_STAY))
        slot_vacate(slot);
    else if (!status)
        status = MUSTER_TIME_OUT; /* whoever answered, it was not this CPU */
    return status;
}

enum muster_status muster_cpu_hand_back(struct muster_machine *machine,
                                        const struct muster_plan *plan, uint32_t apic_id,
                                        bool firmware_kept, uint64_t timeout_ns)
{
    const struct muster_platform *platform = machine->platform;
    int32_t index = muster_machine_find(machine, apic_id);
    if (index < 0)
        return MUSTER_UNKNOWN_CPU;
    if (!plan->reset_vector)
        return MUSTER_ERROR_NO_RESET_VECTOR;
    if (!firmware_kept)
        return MUSTER_ERROR_FIRMWARE_RECLAIMED;
    struct muster_slot *slot = &machine->slots[index];
    if ((uint32_t)index == machine->bsp ||
        !word_move(&slot->state, MUSTER_CPU_OFF, MUSTER_CPU_OFF_PENDING))
        return MUSTER_DENIED;
    uint64_t deadline_ns = time_after(platform->time_ns(platform->context), timeout_ns);
    enum muster_cpu_state state = MUSTER_CPU_OFF;
    enum muster_status status = tell_to_leave(slot, deadline_ns);
    if (!status) {
        status = make_sure(slot, deadline_ns);
        slot_fail(slot, status);
        state = status ? MUSTER_CPU_FAILED : MUSTER_CPU_ABSENT;
    }
    trace_boot(machine, MUSTER_TRACE_HANDED_BACK, apic_id, status);
    word_move(&slot->state, MUSTER_CPU_OFF_PENDING, state);
    return status;
}
