/**
 * What firmware owns that does not say so, as EDK2's does not: found from where its APs really are.
 *
 * Once all of them run in low memory, each is followed for a few instructions. The page that these
 * lie in is the wait loop's, the one page that they read is the mailbox, and the tables are those
 * that CR3 leads to. The witness (witness.h) watches these from then on: long before the OS is
 * entered, since the moment when that happens cannot be seen.
 */
#ifndef MONITOR_OBSERVE_H
#define MONITOR_OBSERVE_H

#include "monitor/vcpu.h"

/**
 * Before each entry of any vCPU's guest, on its own CPU. Nothing unless watch=found was asked. An
 * AP that polls a mailbox with no command for it sleeps here: to its guest that is a slow host.
 */
void observe_before_entry(struct vcpu *vcpu);

/** Somebody has written to the mailbox that the witness watches. Any CPU. */
void observe_mailbox_written(void);

#endif
