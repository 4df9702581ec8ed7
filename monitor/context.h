/**
 * The state in which a VP starts, as a hypercall gives it (TLFS, HV_INITIAL_VP_CONTEXT).
 */
#ifndef MONITOR_CONTEXT_H
#define MONITOR_CONTEXT_H

#include "abi/hyperv.h"
#include "monitor/vcpu.h"

/**
 * Make it the state of a vCPU that does not run: field by field into its VMCB, all else as after
 * a reset. NULL, or why the processor would refuse to run so; the vCPU is then as it was.
 */
const char *context_apply(struct vcpu *vcpu, const struct hyperv_context *context);

#endif
