/* The firmware's side of a mailbox: a CPU leaves for the OS, and may come back. */
#include <muster/wake.h>

#include "abi/sizes.h"
#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/cpu.h"
#include "lib/cpu/speculation.h"
#include "lib/firmware/mailbox_page.h"
#include "lib/memory_functions.h"
#include "lib/wake/park.h"
#include "lib/wake/way.h"

/*
 * The same page as for a mailbox's wakes (long mode, somebody else's tables, no stack), but with
 * one address for all CPUs: they are told apart by the APIC ID.
 */
enum muster_status muster_lend_prepare(struct muster_machine *machine, uint64_t page_phys)
{
    if (page_phys == 0 || page_phys % PAGE_BYTES || page_phys >= FOUR_GIB ||
        !firmware_range_is_private(machine->platform, (struct acpi_range){page_phys, PAGE_BYTES}))
        return MUSTER_ERROR_ENTRY_PAGE;
    uint8_t *page = machine->platform->map(machine->platform->context, page_phys, PAGE_BYTES);
    if (!page)
        return MUSTER_ERROR_ENTRY_PAGE;
    mailbox_entry_page_write(machine, page, page_phys, 0);
    struct entry_parameters *entry = (void *)(page + ENTRY_PARAMETERS);
    entry->arrive = (uint64_t)(uintptr_t)arrive_by_apic_id;
    return MUSTER_OK;
}

void muster_lend(struct muster_slot *slot, uint64_t vector)
{
    /* Already told what to do on its return; the claim goes last: the stack is not used again. */
    word_store_release(&slot->command, PARK_START);
    (void)word_fetch_add(&slot->machine->on_count, (uint32_t)-1);
    word_move(&slot->state, MUSTER_CPU_ON, MUSTER_CPU_ON_PENDING);
    speculation_barrier(slot->machine->platform, &slot->machine->profile);
    word_store_release(&slot->arrived, 0);
    word_store_release(&slot->claimed, 0);
    cpu_leave(vector);
}
