/*
 * AMD SEV-ES: a CPU's registers are encrypted, so no hypervisor can put it at a SIPI's vector. The
 * APs wait in the hypervisor's reset hold, called from firmware; a SIPI ends it, and firmware then
 * jumps to the far address in its AP jump table (GHCB, 4.3). That is one address for all, so one
 * CPU at a time is sent for, each to its own stub: who asked for its APIC ID would meet a #VC with
 * nobody to take it.
 */
#include "abi/sev.h"
#include "abi/sizes.h"
#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/apic.h"
#include "lib/cpu/cpu.h"
#include "lib/firmware/mailbox_page.h"
#include "lib/patience.h"
#include "lib/wake/way.h"

#define REAL_MODE_SHIFT  4 /* from a segment's number to its address */
#define CS_IN_TABLE_WORD 16

_Static_assert(offsetof(struct sev_jump_table, cs) == CS_IN_TABLE_WORD / 8, "one word, IP first");

/*
 * Where the table is, only the hypervisor tells: firmware has told it. NULL: nowhere, or where the
 * hypervisor could send the CPUs to another address than ours.
 */
static struct muster_word *find_table(const struct muster_machine *machine)
{
    const struct muster_platform *platform = machine->platform;
    struct muster_vmgexit exit = {.code = SEV_EXIT_AP_JUMP_TABLE, .info_1 = SEV_JUMP_TABLE_GET};
    platform->vmgexit(platform->context, &exit);
    if (exit.info_1 & SEV_EXIT_INFO_1_FAILURE || exit.info_2 == 0 || exit.info_2 % PAGE_BYTES ||
        !firmware_range_is_private(platform, (struct acpi_range){exit.info_2, PAGE_BYTES}))
        return NULL;
    return platform->map(platform->context, exit.info_2, PAGE_BYTES);
}

static enum muster_status es_prepare(struct muster_machine *machine)
{
    const struct muster_cpu_config *config = &machine->config;
    uint64_t bytes = mailbox_entry_bytes(machine);
    if (config->entry_phys < PAGE_BYTES || bytes > ONE_MIB ||
        config->entry_phys > ONE_MIB - bytes || config->entry_phys % PAGE_BYTES ||
        config->entry_bytes < bytes ||
        !firmware_range_is_private(machine->platform,
                                   (struct acpi_range){config->entry_phys, bytes}))
        return MUSTER_ERROR_ENTRY_PAGE;
    uint8_t *pages = machine->platform->map(machine->platform->context, config->entry_phys, bytes);
    if (!pages)
        return MUSTER_ERROR_ENTRY_PAGE;
    for (uint32_t i = 0; i < bytes / PAGE_BYTES; i++) {
        uint8_t *page = pages + (size_t)PAGE_BYTES * i;
        struct entry_parameters *entry = (void *)(page + ENTRY_PARAMETERS);
        sipi_entry_page_write(machine, page, config->entry_phys + (uint64_t)PAGE_BYTES * i);
        entry->arrive = (uint64_t)(uintptr_t)arrive_by_slot;
        entry->slots = (uint64_t)(uintptr_t)&machine->slots[i * ENTRY_STUBS];
    }
    return find_table(machine) ? MUSTER_OK : MUSTER_ERROR_JUMP_TABLE;
}

/* IP and CS in one store: firmware that reads early gets the last address, or this one. */
static void write_table(const struct muster_machine *machine, uint32_t index,
                        struct muster_word *table)
{
    uint64_t stub_phys = mailbox_entry_vector(machine, index);
    uint32_t cs = (uint32_t)(stub_phys & ~(uint64_t)(PAGE_BYTES - 1)) >> REAL_MODE_SHIFT;
    uint32_t ip = (uint32_t)stub_phys & (PAGE_BYTES - 1);
    word_store_release(table, cs << CS_IN_TABLE_WORD | ip);
}

/* The vector says nothing here: the address is in the table. */
static enum muster_status send_init_sipi(const struct wake_run *run, uint32_t apic_id)
{
    const struct muster_machine *machine = run->machine;
    uint32_t page = (uint32_t)(machine->config.entry_phys / PAGE_BYTES);
    enum muster_status status =
        apic_send(machine->platform, run->plan->x2apic, apic_id, ICR_INIT | ICR_ASSERT);
    if (status)
        return status;
    return apic_send(machine->platform, run->plan->x2apic, apic_id, ICR_SIPI | ICR_ASSERT | page);
}

static bool wait_for_claim(struct muster_machine *machine, const struct muster_slot *slot,
                           uint64_t deadline_ns)
{
    const struct muster_platform *platform = machine->platform;
    struct patience patience = {0};
    while (!word_load_acquire(&slot->claimed)) {
        if (patience_is_over(&patience, machine, deadline_ns))
            return false;
        platform->wait(platform->context, &slot->claimed, 0, deadline_ns);
    }
    return true;
}

/*
 * The table is free again when the CPU is in its slot. One that is slower than its turn may read
 * the next one's address: it is then in another's slot, and told so by its own APIC ID.
 */
static void wake_by_table(const struct wake_run *run, struct muster_word *table, uint32_t index,
                          uint32_t turns)
{
    struct muster_slot *slot = &run->machine->slots[index];
    uint64_t deadline_ns = way_turn_deadline_ns(run, turns);
    if (!deadline_ns) {
        slot_fail(slot, MUSTER_TIME_OUT);
        return;
    }
    write_table(run->machine, index, table);
    slot_stamp_wake(run, slot);
    enum muster_status status = send_init_sipi(run, slot->apic_id);
    if (!status && !wait_for_claim(run->machine, slot, deadline_ns))
        status = MUSTER_ERROR_NOT_ACKNOWLEDGED;
    if (status)
        slot_fail(slot, status);
}

/*
 * Who is late, and alone so, is to find its own address: nobody else is on the way to the table.
 * Of several each would take the first one's.
 */
static void leave_table_to_late_one(const struct muster_machine *machine, struct muster_word *table)
{
    uint32_t late = 0, count = 0;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (slot_wants_wake(&machine->slots[i])) {
            late = i;
            count++;
        }
    if (count == 1)
        write_table(machine, late, table);
}

static void es_wake(const struct wake_run *run)
{
    struct muster_word *table = find_table(run->machine);
    uint32_t turns = way_count_turns(run->machine);
    for (uint32_t i = 0; i < run->machine->cpu_count; i++) {
        if (!slot_wants_wake(&run->machine->slots[i]))
            continue;
        if (table)
            wake_by_table(run, table, i, turns--);
        else
            slot_fail(&run->machine->slots[i], MUSTER_ERROR_JUMP_TABLE);
    }
    if (table)
        leave_table_to_late_one(run->machine, table);
}

static uint64_t es_wake_again(const struct wake_run *run, unsigned attempt)
{
    (void)run;
    (void)attempt;
    return 0; /* the table has gone on to the next CPU: muster_adopt() may be called again */
}

const struct way_operations es_jump_table_way = {
    .entry_bytes = mailbox_entry_bytes,
    .prepare = es_prepare,
    .wake = es_wake,
    .wake_again = es_wake_again,
};
