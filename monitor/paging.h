/**
 * The guest's control registers: what it believes, and what its VMCB holds.
 */
#ifndef MONITOR_PAGING_H
#define MONITOR_PAGING_H

#include "monitor/vcpu.h"

/** Make the VMCB's control registers, EFER and intercepts of the guest's own. */
void paging_apply(struct vcpu *vcpu);

/** Take the registers back that the guest may change without an exit (CR3). */
void paging_fetch(struct vcpu *vcpu);

/** An access to a control register exited: do it. */
void paging_handle_exit(struct vcpu *vcpu);

/** What a processor starts with. */
struct paging_start {
    uint64_t cr0, cr3, cr4, efer;
};

/**
 * Give a vCPU that does not run its control registers, all at once. NULL, or why the processor
 * would refuse to run so; nothing is changed then.
 */
const char *paging_start(struct vcpu *vcpu, const struct paging_start *start);

/** The guest writes EFER; false if it may not have that. */
bool paging_write_efer(struct vcpu *vcpu, uint64_t value);

#endif
