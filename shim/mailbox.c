/*
 * The firmware's side of the mailbox (ACPI 6.6, 5.2.12.19): every AP waits here, each answers
 * to its own APIC ID only.
 */
#include "boot/native.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"
#include "shim/mailbox_ap.h"
#include "shim/shim.h"

/*
 * An OS that wakes one AP will soon wake the next: an AP that sees any command stays awake until
 * the mailbox has been quiet for this long. Otherwise it sleeps, and looks now and then; a command
 * that came and went meanwhile has left its APIC ID behind.
 */
#define QUIET_NS 50000000u
#define NAP_MS   10u

static struct muster_word states[SHIM_MAX_CPUS]; /* enum mailbox_ap_state, by index */

bool shim_cpu_is_there(uint32_t index)
{
    return index == shim.machine.bsp || word_load_acquire(&states[index]) == MAILBOX_AP_WAITING;
}

void shim_ap_main(struct muster_slot *slot, void *context)
{
    const struct muster_platform *platform = &shim.platform;
    struct muster_word *state = &states[slot->index];
    uint64_t quiet_since_ns = platform->time_ns(platform->context);
    uint32_t last_asked = mailbox_ap_asked(shim.mailbox);
    uint64_t vector;
    (void)context;
    /* Its own, where it has some; and the page it was started in has become the OS's RAM. */
    write_cr3(shim_tables_root(slot->index));
    shim_timer_on();
    if (!mailbox_ap_arrive(state))
        native_halt();
    for (;;) {
        enum mailbox_look look = mailbox_ap_look(shim.mailbox, state, slot->apic_id,
                                                 shim.options.mailbox_version, &vector);
        if (look == MAILBOX_LOOK_WAKEUP) {
            shim_timer_off();
            if (mailbox_ap_leave(state))
                muster_lend(slot, vector);
            native_halt();
        }
        uint64_t now_ns = platform->time_ns(platform->context);
        uint32_t asked = mailbox_ap_asked(shim.mailbox);
        if (look != MAILBOX_LOOK_QUIET || asked != last_asked)
            quiet_since_ns = now_ns;
        last_asked = asked;
        if (now_ns - quiet_since_ns < QUIET_NS)
            cpu_pause();
        else
            shim_timer_nap(NAP_MS);
    }
}
