/**
 * Hypercalls of Hyper-V's kind (TLFS, 3): what a partition's VP calls by VMCALL or VMMCALL, and a
 * TD by TDG.VP.VMCALL with R10 != 0. GetVpIndexFromApicId, EnableVpVtl, StartVirtualProcessor.
 */
#ifndef MONITOR_HYPERCALL_H
#define MONITOR_HYPERCALL_H

#include <stdint.h>

#include "monitor/vcpu.h"

#define VMCALL_BYTES 3 /* and VMMCALL's */

/** A call's control word and the guest-physical addresses of its input and output. */
struct hypercall {
    uint64_t control, input_phys, output_phys;
};

/** VMCALL or VMMCALL: #UD where the guest may not call, else the result in RAX. */
void hypercall_handle(struct vcpu *vcpu);

/** Do the call; gives its result: a status, and how many of a rep call's elements are done. */
uint64_t hypercall_do(struct vcpu *vcpu, const struct hypercall *call);

#endif
