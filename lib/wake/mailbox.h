/**
 * Private to the library: the mailbox from the OS's side. One CPU at a time uses it.
 */
#ifndef LIB_WAKE_MAILBOX_H
#define LIB_WAKE_MAILBOX_H

#include <muster/machine.h>

#include "abi/mailbox.h"

/** Wait until the firmware has taken the last command; false: not by @deadline_ns. */
bool mailbox_wait_noop(struct muster_machine *machine, struct mailbox *mailbox,
                       uint64_t deadline_ns);

/** The same for the machine's own: MUSTER_ERROR_MAILBOX_BUSY, or MUSTER_ERROR_MAILBOX_ADDRESS. */
enum muster_status mailbox_await_free(struct muster_machine *machine, uint64_t deadline_ns);

/** Write ID and vector, then the command. The mailbox must be at Noop. */
void mailbox_send(struct mailbox *mailbox, uint32_t apic_id, uint64_t vector,
                  enum mailbox_command command);

/** Take back a command that nobody answered; false if it was answered just now. */
bool mailbox_withdraw(struct mailbox *mailbox, enum mailbox_command command);

/**
 * Ask with Test whether the CPU is in the firmware's loop (version 1 and later).
 * MUSTER_OK; MUSTER_TIME_OUT: no answer; else as mailbox_await_free().
 */
enum muster_status mailbox_test(struct muster_machine *machine, uint32_t apic_id,
                                uint64_t deadline_ns);

#endif
