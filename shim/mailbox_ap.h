/**
 * Where an AP stands with the mailbox, from the firmware's side (ACPI 6.6, 5.2.12.19). On the AP
 * itself, but for the state, which anybody may read. Touches nothing but its arguments.
 */
#ifndef SHIM_MAILBOX_AP_H
#define SHIM_MAILBOX_AP_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/platform.h>

#include "abi/mailbox.h"

/**
 *     NOT_HERE --> WAITING --> COMMAND_SEEN --> ACKNOWLEDGED --> GONE --> BACK --> WAITING
 *                     ^                             | a Test
 *                     +-----------------------------+
 *
 * Each change is one compare-and-swap: who does not find the state that it leaves, changes
 * nothing, and must not act as if it had.
 */
enum mailbox_ap_state {
    MAILBOX_AP_NOT_HERE = 0, /* has not come yet */
    MAILBOX_AP_WAITING,
    MAILBOX_AP_COMMAND_SEEN, /* it is for this AP; its operands are being read */
    MAILBOX_AP_ACKNOWLEDGED, /* the OS may write the next one */
    MAILBOX_AP_GONE,         /* the OS has it */
    MAILBOX_AP_BACK,         /* the OS has handed it back */
};

enum mailbox_look {
    MAILBOX_LOOK_QUIET,  /* Noop */
    MAILBOX_LOOK_BUSY,   /* a command, for another, or none that is known */
    MAILBOX_LOOK_CALLED, /* for this one, and not answered: mailbox_ap_look() is next */
    MAILBOX_LOOK_WAKEUP, /* for this one: ACKNOWLEDGED; mailbox_ap_leave() is next */
    MAILBOX_LOOK_TESTED, /* for this one: answered, WAITING again */
    MAILBOX_LOOK_DENIED, /* the AP was not WAITING: nothing was done */
};

/** The AP has come, or come back, and waits. False if it cannot have: it is somewhere else. */
bool mailbox_ap_arrive(struct muster_word *state);

/** Whom the mailbox calls: QUIET, BUSY or CALLED. Answers nothing. */
enum mailbox_look mailbox_ap_peek(const struct mailbox *mailbox, uint32_t apic_id);

/** One look at the mailbox, served in @version; @vector is where a Wakeup leads. */
enum mailbox_look mailbox_ap_look(struct mailbox *mailbox, struct muster_word *state,
                                  uint32_t apic_id, uint16_t version, uint64_t *vector);

/** Since when nothing has happened at the mailbox, as far as this AP has seen. */
struct mailbox_ap_quiet {
    uint64_t since_ns;
    uint32_t asked; /* the APIC ID of the command that is there, or was there last */
};

void mailbox_ap_quiet_begin(struct mailbox_ap_quiet *quiet, const struct mailbox *mailbox,
                            uint64_t now_ns);

/** After each look: whether it has been quiet for so long that the AP may sleep. */
bool mailbox_ap_is_quiet(struct mailbox_ap_quiet *quiet, const struct mailbox *mailbox,
                         enum mailbox_look look, uint64_t now_ns);

/** The last thing before the AP goes to the vector. False: it must not. */
bool mailbox_ap_leave(struct muster_word *state);

#endif
