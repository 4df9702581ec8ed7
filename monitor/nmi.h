/**
 * The guest's own NMIs: one at a time, and none while it handles one (SDM vol. 3, 7.7.1) or has a
 * #VE that it has not asked about (Intel TDX module, virtualization exception). On the vCPU's own
 * CPU; see vcpu_send_nmi() for the others.
 */
#ifndef MONITOR_NMI_H
#define MONITOR_NMI_H

#include <stdbool.h>

#include "monitor/vcpu.h"

/** Whether the guest has an NMI pending that it could take now. */
bool nmi_is_due(const struct vcpu *vcpu);

/** Before an entry: give it to the guest, unless another event goes first. */
void nmi_inject(struct vcpu *vcpu);

/** IRET exited, which ends the handling of an NMI. */
void nmi_handle_iret(struct vcpu *vcpu);

#endif
