/*
 * The ACPI Multiprocessor Wakeup Mailbox (ACPI 6.6, 5.2.12.19), from the OS's side. One command
 * at a time: the next may be written only when the firmware has set the last one back to Noop.
 */
#include "lib/wake/mailbox.h"

#include "abi/sizes.h"
#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/cpu.h"
#include "lib/firmware/mailbox_page.h"
#include "lib/memory_functions.h"
#include "lib/patience.h"
#include "lib/wake/way.h"

#define SETTLE_NS 100000u

/*
 * Command and the reserved field behind it are one 32-bit word here: some firmware compares the
 * two together, so both are always written, and a word is what the platform can wait for.
 */
static struct muster_word *command_word(struct mailbox *mailbox)
{
    return (struct muster_word *)(void *)mailbox;
}

static struct mailbox *mailbox_of(const struct muster_machine *machine)
{
    return machine->platform->map(machine->platform->context, machine->mailbox.mailbox_phys,
                                  MAILBOX_BYTES);
}

bool mailbox_wait_noop(struct muster_machine *machine, struct mailbox *mailbox,
                       uint64_t deadline_ns)
{
    const struct muster_platform *platform = machine->platform;
    struct patience patience = {0};
    for (;;) {
        uint32_t command = word_load_acquire(command_word(mailbox));
        if ((command & 0xFFFF) == MAILBOX_NOOP)
            return true;
        if (patience_is_over(&patience, machine, deadline_ns))
            return false;
        platform->wait(platform->context, command_word(mailbox), command, deadline_ns);
    }
}

void mailbox_send(struct mailbox *mailbox, uint32_t apic_id, uint64_t vector,
                  enum mailbox_command command)
{
    /*
     * Both anew for every command: some firmware clears the ID together with the command. The
     * vector first: firmware whose AP has the last command, another's, in its hand when it finds
     * its ID here, and looks no further, at least does not follow the other's vector. Release:
     * whoever finds its ID here finds the last command gone, too (shim/mailbox_ap.c,
     * command_for()).
     */
    u64_store_relaxed(&mailbox->wakeup_vector, vector);
    u32_store_release(&mailbox->apic_id, apic_id);
    /*
     * ID and vector must be visible before the command: the AP looks at the command only. Pairs
     * with the acquire load in the firmware's loop (ours: shim/mailbox_ap.c, mailbox_ap_look()).
     */
    word_store_release(command_word(mailbox), command);
}

bool mailbox_withdraw(struct mailbox *mailbox, enum mailbox_command command)
{
    return word_move(command_word(mailbox), command, MAILBOX_NOOP);
}

enum muster_status mailbox_await_free(struct muster_machine *machine, uint64_t deadline_ns)
{
    struct mailbox *mailbox = mailbox_of(machine);
    if (!mailbox)
        return MUSTER_ERROR_MAILBOX_ADDRESS;
    return mailbox_wait_noop(machine, mailbox, deadline_ns) ? MUSTER_OK : MUSTER_ERROR_MAILBOX_BUSY;
}

enum muster_status mailbox_test(struct muster_machine *machine, uint32_t apic_id,
                                uint64_t deadline_ns)
{
    struct mailbox *mailbox = mailbox_of(machine);
    enum muster_status status = mailbox_await_free(machine, deadline_ns);
    if (status)
        return status;
    trace_boot(machine, MUSTER_TRACE_MAILBOX_TEST, apic_id, 0);
    mailbox_send(mailbox, apic_id, 0, MAILBOX_TEST);
    if (!mailbox_wait_noop(machine, mailbox, deadline_ns) &&
        mailbox_withdraw(mailbox, MAILBOX_TEST))
        return MUSTER_TIME_OUT;
    trace_boot(machine, MUSTER_TRACE_MAILBOX_ACKNOWLEDGED, apic_id, MAILBOX_TEST);
    return MUSTER_OK;
}

uint64_t mailbox_entry_bytes(const struct muster_machine *machine)
{
    return (uint64_t)PAGE_BYTES * ((machine->cpu_count + ENTRY_STUBS - 1) / ENTRY_STUBS);
}

uint64_t mailbox_entry_vector(const struct muster_machine *machine, uint32_t index)
{
    return machine->config.entry_phys + (uint64_t)PAGE_BYTES * (index / ENTRY_STUBS) +
           ENTRY_STUB_BYTES * (index % ENTRY_STUBS);
}

void mailbox_entry_page_write(const struct muster_machine *machine, uint8_t *page,
                              uint64_t page_phys, uint32_t first_slot)
{
    struct entry_parameters *entry = (void *)(page + ENTRY_PARAMETERS);
    memcpy(page, mailbox_entry_start, (size_t)(mailbox_entry_end - mailbox_entry_start));
    entry_parameters_init(machine, entry, page_phys);
    entry->arrive = (uint64_t)(uintptr_t)arrive_by_slot;
    entry->slots = (uint64_t)(uintptr_t)&machine->slots[first_slot];
    entry->far32_offset =
        (uint32_t)(page_phys + (uint64_t)(mailbox_entry_32 - mailbox_entry_start));
    entry->far64_offset =
        (uint32_t)(page_phys + (uint64_t)(mailbox_entry_64 - mailbox_entry_start));
}

enum muster_status mailbox_entry_prepare(const struct muster_machine *machine)
{
    const struct muster_cpu_config *config = &machine->config;
    uint64_t bytes = mailbox_entry_bytes(machine);
    /* Below 4 GiB: older firmware reads 32 bits of the vector only. */
    if (config->entry_phys == 0 || config->entry_phys % PAGE_BYTES ||
        config->entry_phys > FOUR_GIB - bytes || config->entry_bytes < bytes ||
        !firmware_range_is_private(machine->platform,
                                   (struct acpi_range){config->entry_phys, bytes}))
        return MUSTER_ERROR_ENTRY_PAGE;
    uint8_t *pages = machine->platform->map(machine->platform->context, config->entry_phys, bytes);
    if (!pages)
        return MUSTER_ERROR_ENTRY_PAGE;
    for (uint32_t page = 0; page < bytes / PAGE_BYTES; page++)
        mailbox_entry_page_write(machine, pages + (size_t)PAGE_BYTES * page,
                                 config->entry_phys + (uint64_t)PAGE_BYTES * page,
                                 page * ENTRY_STUBS);
    return MUSTER_OK;
}

static enum muster_status mailbox_prepare(struct muster_machine *machine)
{
    enum muster_status status = mailbox_entry_prepare(machine);
    if (status)
        return status;
    return mailbox_of(machine) ? MUSTER_OK : MUSTER_ERROR_MAILBOX_ADDRESS;
}

static void mailbox_wake_one(const struct wake_run *run, struct muster_slot *slot,
                             uint64_t deadline_ns)
{
    struct muster_machine *machine = run->machine;
    struct mailbox *mailbox = mailbox_of(machine);
    if (!mailbox_wait_noop(machine, mailbox, deadline_ns)) {
        slot_fail(slot, MUSTER_ERROR_MAILBOX_BUSY);
        return;
    }
    slot_stamp_wake(run, slot);
    mailbox_send(mailbox, slot->apic_id, mailbox_entry_vector(machine, slot->index),
                 MAILBOX_WAKEUP);
    /*
     * The acknowledgement comes before the jump: it frees the mailbox and nothing else. A wake
     * that is withdrawn may have been read already; whoever follows it then arrives at a slot
     * that was another's, and is told so by its own APIC ID (lib/wake/park.c).
     */
    if (mailbox_wait_noop(machine, mailbox, deadline_ns) ||
        !mailbox_withdraw(mailbox, MAILBOX_WAKEUP)) {
        trace_boot(machine, MUSTER_TRACE_MAILBOX_ACKNOWLEDGED, slot->apic_id, MAILBOX_WAKEUP);
    } else {
        slot_fail(slot, MUSTER_ERROR_NOT_ACKNOWLEDGED);
        /* The CPU may have read it and be about to clear it: that must not hit the next. */
        pass_time(machine, SETTLE_NS);
    }
}

static void mailbox_wake(const struct wake_run *run)
{
    uint32_t turns = way_count_turns(run->machine);
    for (uint32_t i = 0; i < run->machine->cpu_count; i++) {
        struct muster_slot *slot = &run->machine->slots[i];
        if (!slot_wants_wake(slot))
            continue;
        uint64_t deadline_ns = way_turn_deadline_ns(run, turns--);
        if (deadline_ns)
            mailbox_wake_one(run, slot, deadline_ns);
        else
            slot_fail(slot, MUSTER_TIME_OUT);
    }
}

static uint64_t mailbox_wake_again(const struct wake_run *run, unsigned attempt)
{
    (void)run;
    (void)attempt;
    return 0; /* each CPU may be woken once: a second command could start it twice */
}

const struct way_operations mailbox_way = {
    .entry_bytes = mailbox_entry_bytes,
    .prepare = mailbox_prepare,
    .wake = mailbox_wake,
    .wake_one = mailbox_wake_one,
    .wake_again = mailbox_wake_again,
};
