/**
 * The mailbox's rules: every store of the OS's side to the mailbox is judged by them
 * (docs/conformance.md). One call at a time: see witness.c.
 */
#ifndef MONITOR_MAILBOX_RULES_H
#define MONITOR_MAILBOX_RULES_H

#include <stdint.h>

#include "monitor/store.h"

/** The mailbox is this page, and what is in it is right. */
void mailbox_rules_begin(uint64_t mailbox_phys);

/** A store to it, which has not been done yet. */
void mailbox_judge(struct vcpu *vcpu, const struct store *store);

#endif
