/*
 * The firmware's side of the mailbox (ACPI 6.6, 5.2.12.19): every AP waits here, each answers
 * to its own APIC ID only.
 */
#include "abi/mailbox.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"
#include "shim/shim.h"

/*
 * An OS that wakes one AP will soon wake the next: an AP that sees any command stays awake until
 * the mailbox has been quiet for this long. Otherwise it sleeps, and looks now and then.
 */
#define QUIET_NS 50000000u
#define NAP_MS   10u

enum look {
    LOOK_QUIET,  /* Noop */
    LOOK_BUSY,   /* a command, for another */
    LOOK_WAKEUP, /* for this one: acknowledged */
    LOOK_TESTED, /* for this one: acknowledged */
};

static void acknowledge(struct mailbox *mailbox)
{
    /*
     * Everything has been read; from here on the OS may write the next command. Pairs with the
     * acquire load in its wait for Noop.
     */
    u16_store_release(&mailbox->command, MAILBOX_NOOP);
}

/* One look; the acquire load pairs with the OS's release of the command, after its operands. */
static enum look mailbox_poll(struct mailbox *mailbox, uint32_t apic_id, uint64_t *vector)
{
    uint16_t command = u16_load_acquire(&mailbox->command);
    if (command == MAILBOX_NOOP)
        return LOOK_QUIET;
    if (u32_load_relaxed(&mailbox->apic_id) != apic_id)
        return LOOK_BUSY;
    if (command == MAILBOX_WAKEUP) {
        *vector = u64_load_relaxed(&mailbox->wakeup_vector);
        acknowledge(mailbox);
        return LOOK_WAKEUP;
    }
    if (command == MAILBOX_TEST && shim.options.mailbox_version >= 1) {
        acknowledge(mailbox);
        return LOOK_TESTED;
    }
    return LOOK_BUSY; /* reserved by the specification: left alone */
}

void shim_ap_main(struct muster_slot *slot, void *context)
{
    const struct muster_platform *platform = &shim.platform;
    uint64_t quiet_since_ns = platform->time_ns(platform->context);
    uint64_t vector;
    (void)context;
    write_cr3(read_cr3()); /* the page it was started in has become the OS's RAM meanwhile */
    shim_timer_on();
    for (;;) {
        enum look look = mailbox_poll(shim.mailbox, slot->apic_id, &vector);
        if (look == LOOK_WAKEUP) {
            shim_timer_off();
            muster_lend(slot, vector);
        }
        uint64_t now_ns = platform->time_ns(platform->context);
        if (look != LOOK_QUIET)
            quiet_since_ns = now_ns;
        if (now_ns - quiet_since_ns < QUIET_NS)
            cpu_pause();
        else
            shim_timer_nap(NAP_MS);
    }
}
