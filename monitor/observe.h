/**
 * What firmware owns that does not say so, as EDK2's does not: found from where its APs really are.
 *
 * Each is followed for a few instructions, once all of them run in low memory and not in the image.
 * The page that these lie in is the wait loop's, the one page that they read is the mailbox, and
 * the tables are those that CR3 leads to. The witness (witness.h) watches these from then on: long
 * before the OS is entered, since the moment when that happens cannot be seen.
 */
#ifndef MONITOR_OBSERVE_H
#define MONITOR_OBSERVE_H

#include "monitor/vcpu.h"

/**
 * Before each entry of any vCPU's guest, on its own CPU. Nothing unless watch=found was asked. An
 * AP that polls in vain sleeps here, which to its guest is a slow host: in firmware's image until
 * somebody writes to the page that it reads, at the mailbox until a command is for it.
 */
void observe_before_entry(struct vcpu *vcpu);

/** A nested fault on a page that is in the right state. Any CPU. */
void observe_fault(uint64_t phys);

/** Somebody has written to the mailbox that the witness watches. Any CPU. */
void observe_mailbox_written(void);

#endif
