#include "shim/fault.h"

#include "abi/acpi.h"
#include "abi/sizes.h"
#include "boot/console.h"
#include "boot/native.h"
#include "boot/td.h"
#include "boot/timer.h"
#include "lib/atomic.h"
#include "lib/cpu/cpu.h"
#include "lib/cpu/instructions.h"
#include "shim/mailbox_ap.h"
#include "shim/shim.h"

#define LATE_NS         3000000000u
#define TWICE_NS        2000000000u /* so long it waits for a command to take back */
#define UNKNOWN_COMMAND 0x5A5A
#define TRAMPLED        0xA5

static bool is_called_to_wake(const struct mailbox *mailbox, uint32_t apic_id)
{
    return mailbox_ap_peek(mailbox, apic_id) == MAILBOX_LOOK_CALLED &&
           u16_load_acquire(&mailbox->command) == MAILBOX_WAKEUP;
}

static void acknowledge(struct mailbox *mailbox)
{
    u16_store_release(&mailbox->command, MAILBOX_NOOP);
}

/* The next command is gone before its AP can have looked, or as good as that. */
static void take_next_back(struct mailbox *mailbox)
{
    const struct muster_platform *platform = &shim.platform;
    uint64_t end_ns = platform->time_ns(platform->context) + TWICE_NS;
    acknowledge(mailbox);
    while (u16_load_acquire(&mailbox->command) == MAILBOX_NOOP &&
           platform->time_ns(platform->context) < end_ns)
        cpu_pause();
    acknowledge(mailbox);
}

static void answer_wrongly(enum shim_fault_kind kind, struct mailbox *mailbox, uint64_t *vector)
{
    switch (kind) {
    case SHIM_FAULT_LATE:
        acknowledge(mailbox);
        native_delay_ns(LATE_NS);
        return;
    case SHIM_FAULT_ACKNOWLEDGED_TWICE:
        take_next_back(mailbox);
        return;
    case SHIM_FAULT_UNKNOWN_COMMAND:
        u16_store_release(&mailbox->command, UNKNOWN_COMMAND);
        return;
    case SHIM_FAULT_VECTOR_OVERWRITTEN:
        *vector += ENTRY_STUB_BYTES; /* our kernel's: from one slot's entry to the next's */
        acknowledge(mailbox);
        return;
    default: /* SHIM_FAULT_NOT_ACKNOWLEDGED */
        return;
    }
}

void shim_fault_at_mailbox(struct muster_slot *slot)
{
    const struct shim_fault *fault = &shim.options.fault;
    if (fault->kind == SHIM_FAULT_NONE || fault->kind > SHIM_FAULT_VECTOR_OVERWRITTEN ||
        fault->apic_id != slot->apic_id)
        return;
    if (fault->kind == SHIM_FAULT_DEAD)
        native_halt();
    if (!is_called_to_wake(shim.mailbox, slot->apic_id))
        return;
    uint64_t vector = u64_load_relaxed(&shim.mailbox->wakeup_vector);
    answer_wrongly(fault->kind, shim.mailbox, &vector);
    timer_off(&shim.platform, SHIM_TIMER_VECTOR);
    muster_lend(slot, vector);
}

bool shim_fault_lists(uint32_t *apic_id)
{
    const struct shim_fault *fault = &shim.options.fault;
    if (*apic_id != fault->apic_id)
        return true;
    if (fault->kind == SHIM_FAULT_UNKNOWN_ID)
        *apic_id += SHIM_FAULT_ID_DISTANCE;
    return fault->kind != SHIM_FAULT_UNCOUNTED;
}

uint64_t shim_fault_mailbox(uint64_t phys)
{
    return shim.options.fault.kind == SHIM_FAULT_MAILBOX_SHARED ? phys | td_shared_bit() : phys;
}

void shim_fault_publish(uint8_t *madt)
{
    if (shim.options.fault.kind == SHIM_FAULT_TABLES_TRAMPLED)
        memset(madt + sizeof(struct acpi_madt), TRAMPLED, sizeof(struct acpi_madt_entry));
    /* Page 0 is nobody's anyway. */
    if (shim.options.fault.kind == SHIM_FAULT_NO_LOW_MEMORY)
        (void)muster_memory_add(&shim.map, PAGE_BYTES, ONE_MIB - PAGE_BYTES,
                                MUSTER_MEMORY_RESERVED);
}
