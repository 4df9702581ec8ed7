/**
 * The witness: watches the pages that firmware owns while its APs wait (mailbox, wait loop, page
 * tables), in both halves, and judges every write by the OS's side by the mailbox's rules
 * (docs/conformance.md).
 *
 * The firmware's side and the OS's are told apart by where a vCPU executes: each side has nested
 * tables of its own (npt.h), in which the other's code cannot be executed. The firmware's writes
 * cost nothing and are no violations; the OS's fault, are done here one at a time, and judged.
 */
#ifndef MONITOR_WITNESS_H
#define MONITOR_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/muster_calls.h"
#include "monitor/vcpu.h"

/** Whose the page is: one of enum muster_region, or 0 for nobody's. */
enum muster_region witness_region_of(uint64_t page_phys);

/** Whether any of these bytes is in somebody's page. */
bool witness_watches(uint64_t phys, uint64_t bytes);

/** "mailbox" ...; never NULL. */
const char *witness_region_name(enum muster_region region);

/** Whether firmware has told what it owns, so that there is something to judge. */
bool witness_is_on(void);

/** Firmware's call (abi/muster_calls.h). False: refused, with a finding. */
bool witness_call(struct vcpu *vcpu, uint64_t region, uint64_t phys, uint64_t bytes);

/** Before every entry of the guest: a vCPU that has not been told that the watch began joins it. */
void witness_before_entry(struct vcpu *vcpu);

/** A nested fault on a page that is in the right state; @phys without the shared bit. */
void witness_fault(struct vcpu *vcpu, uint64_t phys);

/** Before the rules are judged: what vCPUs did to the firmware's tables that are still on them. */
void witness_judge_tables(void);

/** MapGPA takes the page, and with it all it holds. */
void witness_converted(struct vcpu *vcpu, uint64_t page_phys);

/** Whether the witness wants to know when the vCPU leaves the page tables it is on. */
bool witness_awaits_cr3(const struct vcpu *vcpu);

/** It does. */
void witness_cr3_written(struct vcpu *vcpu);

#endif
