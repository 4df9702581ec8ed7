/*
 * The firmware's side of the mailbox (ACPI 6.6, 5.2.12.19): every AP waits here, each answers
 * to its own APIC ID only.
 */
#include "boot/native.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"
#include "shim/fault.h"
#include "shim/mailbox_ap.h"
#include "shim/shim.h"

#define NAP_MS 10u /* between two looks */

static struct muster_word states[SHIM_MAX_CPUS]; /* enum mailbox_ap_state, by index */

bool shim_cpu_is_there(uint32_t index)
{
    return index == shim.machine.bsp || word_load_acquire(&states[index]) == MAILBOX_AP_WAITING;
}

void shim_ap_main(struct muster_slot *slot, void *context)
{
    const struct muster_platform *platform = &shim.platform;
    struct muster_word *state = &states[slot->index];
    struct mailbox_ap_quiet quiet;
    uint64_t vector;
    (void)context;
    /* Its own, where it has some; and the page it was started in has become the OS's RAM. */
    write_cr3(shim_tables_root(slot->index));
    shim_timer_on();
    if (!mailbox_ap_arrive(state))
        native_halt();
    mailbox_ap_quiet_begin(&quiet, shim.mailbox, platform->time_ns(platform->context));
    for (;;) {
        shim_fault_at_mailbox(slot);
        enum mailbox_look look = mailbox_ap_look(shim.mailbox, state, slot->apic_id,
                                                 shim.options.mailbox_version, &vector);
        if (look == MAILBOX_LOOK_WAKEUP) {
            shim_timer_off();
            if (mailbox_ap_leave(state))
                muster_lend(slot, vector);
            native_halt();
        }
        if (mailbox_ap_is_quiet(&quiet, shim.mailbox, look, platform->time_ns(platform->context)))
            shim_timer_nap(NAP_MS);
        else
            cpu_pause();
    }
}
