#include "shim/mailbox_ap.h"

#include "lib/atomic.h"

/*
 * An OS that wakes one AP will soon wake the next: an AP that sees any command stays awake until
 * the mailbox has been quiet for this long. A command that came and went while it slept has left
 * its APIC ID behind.
 */
#define QUIET_NS 50000000u

bool mailbox_ap_arrive(struct muster_word *state)
{
    if (word_move(state, MAILBOX_AP_NOT_HERE, MAILBOX_AP_WAITING))
        return true;
    return word_move(state, MAILBOX_AP_GONE, MAILBOX_AP_BACK) &&
           word_move(state, MAILBOX_AP_BACK, MAILBOX_AP_WAITING);
}

bool mailbox_ap_leave(struct muster_word *state)
{
    return word_move(state, MAILBOX_AP_ACKNOWLEDGED, MAILBOX_AP_GONE);
}

static bool acknowledge(struct mailbox *mailbox, struct muster_word *state)
{
    if (!word_move(state, MAILBOX_AP_COMMAND_SEEN, MAILBOX_AP_ACKNOWLEDGED))
        return false;
    /*
     * Everything has been read; from here on the OS may write the next command. Pairs with the
     * acquire load in its wait for Noop.
     */
    u16_store_release(&mailbox->command, MAILBOX_NOOP);
    return true;
}

/* Reserved by the specification, or of a later version: left alone. */
static bool is_known(uint16_t command, uint16_t version)
{
    return command == MAILBOX_WAKEUP || (command == MAILBOX_TEST && version >= 1);
}

/*
 * The command that is there for this AP, or Noop. An AP that was held up behind its first look
 * may find its ID in what the OS is just writing, for the next command, and would act on the
 * last one, which was another's: so the command counts that is seen behind the ID. Acquire: with
 * the ID the OS has released that the last one is over.
 */
static uint16_t command_for(const struct mailbox *mailbox, uint32_t apic_id, uint16_t version)
{
    if (u32_load_acquire(&mailbox->apic_id) != apic_id)
        return MAILBOX_NOOP;
    /* Pairs with the OS's release of the command, after its operands. */
    uint16_t command = u16_load_acquire(&mailbox->command);
    return is_known(command, version) ? command : MAILBOX_NOOP;
}

enum mailbox_look mailbox_ap_peek(const struct mailbox *mailbox, uint32_t apic_id)
{
    if (u16_load_acquire(&mailbox->command) == MAILBOX_NOOP)
        return MAILBOX_LOOK_QUIET;
    return u32_load_relaxed(&mailbox->apic_id) == apic_id ? MAILBOX_LOOK_CALLED : MAILBOX_LOOK_BUSY;
}

enum mailbox_look mailbox_ap_look(struct mailbox *mailbox, struct muster_word *state,
                                  uint32_t apic_id, uint16_t version, uint64_t *vector)
{
    if (u16_load_acquire(&mailbox->command) == MAILBOX_NOOP)
        return MAILBOX_LOOK_QUIET;
    uint16_t command = command_for(mailbox, apic_id, version);
    if (command == MAILBOX_NOOP)
        return MAILBOX_LOOK_BUSY;
    if (!word_move(state, MAILBOX_AP_WAITING, MAILBOX_AP_COMMAND_SEEN))
        return MAILBOX_LOOK_DENIED;
    *vector = u64_load_relaxed(&mailbox->wakeup_vector);
    if (!acknowledge(mailbox, state))
        return MAILBOX_LOOK_DENIED;
    if (command == MAILBOX_WAKEUP)
        return MAILBOX_LOOK_WAKEUP;
    return word_move(state, MAILBOX_AP_ACKNOWLEDGED, MAILBOX_AP_WAITING) ? MAILBOX_LOOK_TESTED
                                                                         : MAILBOX_LOOK_DENIED;
}

void mailbox_ap_quiet_begin(struct mailbox_ap_quiet *quiet, const struct mailbox *mailbox,
                            uint64_t now_ns)
{
    quiet->since_ns = now_ns;
    quiet->asked = u32_load_relaxed(&mailbox->apic_id);
}

bool mailbox_ap_is_quiet(struct mailbox_ap_quiet *quiet, const struct mailbox *mailbox,
                         enum mailbox_look look, uint64_t now_ns)
{
    if (look != MAILBOX_LOOK_QUIET || u32_load_relaxed(&mailbox->apic_id) != quiet->asked)
        mailbox_ap_quiet_begin(quiet, mailbox, now_ns);
    return now_ns - quiet->since_ns >= QUIET_NS;
}
