/**
 * An access that the nested page tables do not allow.
 */
#ifndef MONITOR_FAULTS_H
#define MONITOR_FAULTS_H

#include "monitor/vcpu.h"

/** Judge the access by the page's state: #VE where TDX has one, else the guest's end. */
void fault_handle(struct vcpu *vcpu);

#endif
