/*
 * A TD's start, from its firmware's side: every CPU came to the reset vector at the same time as
 * the BSP, and waits at a gate. One store lets them all in; who is who they say by APIC ID.
 */
#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/cpu.h"
#include "lib/memory_functions.h"
#include "lib/wake/way.h"

#define FOUR_GIB 0x100000000u

static uint64_t td_start_entry_bytes(const struct muster_machine *machine)
{
    (void)machine;
    return PAGE_BYTES;
}

/* The SIPI's page, wherever 32 bits reach: these CPUs need no real mode, so no low memory. */
static enum muster_status td_start_prepare(struct muster_machine *machine)
{
    const struct muster_cpu_config *config = &machine->config;
    uint64_t page_phys = config->entry_phys;
    if (!config->td_gate)
        return MUSTER_INVALID_ARGUMENT;
    if (page_phys == 0 || page_phys % PAGE_BYTES || page_phys >= FOUR_GIB ||
        config->entry_bytes < PAGE_BYTES)
        return MUSTER_ERROR_ENTRY_PAGE;
    uint8_t *page = machine->platform->map(machine->platform->context, page_phys, PAGE_BYTES);
    if (!page)
        return MUSTER_ERROR_ENTRY_PAGE;
    sipi_entry_page_write(machine, page, page_phys);
    return MUSTER_OK;
}

static void td_start_wake(const struct wake_run *run)
{
    struct muster_machine *machine = run->machine;
    struct muster_td_gate *gate = machine->config.td_gate;
    uint64_t page_phys = machine->config.entry_phys;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (slot_wants_wake(&machine->slots[i]))
            slot_stamp(&machine->slots[i], MUSTER_STAMP_WAKE_SENT);
    gate->page_phys = (uint32_t)page_phys;
    gate->entry_phys = (uint32_t)(page_phys + (uint64_t)(td_entry_32 - sipi_entry_start));
    /* Both must be visible before the gate opens; the CPUs look at this word only (x86 orders
     * their loads). */
    word_store_release(&gate->open, 1);
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
