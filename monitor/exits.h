/**
 * Why a guest came out, and who deals with it.
 */
#ifndef MONITOR_EXITS_H
#define MONITOR_EXITS_H

#include "monitor/vcpu.h"

/** Deal with the exit in the vCPU's VMCB; the guest can be entered again afterwards. */
void exits_handle(struct vcpu *vcpu);

#endif
