/**
 * An access that the nested page tables do not allow.
 */
#ifndef MONITOR_FAULTS_H
#define MONITOR_FAULTS_H

#include "monitor/vcpu.h"

/* For policies. */

/** Judge the access by the page's state: #VE where TDX has one, else the guest's end. */
void fault_handle(struct vcpu *vcpu);

/** Where a guest reaches all it may reach by itself: #GP on an overlay page, else its end. */
void fault_handle_direct(struct vcpu *vcpu);

#endif
