/**
 * The guest's local APIC: the machine's own, behind x2APIC's MSRs (msr_x2apic in monitor/msr.h).
 */
#ifndef MONITOR_APIC_H
#define MONITOR_APIC_H

#include "monitor/vcpu.h"

/** On the CPU itself, before its guest: let the host's NMI in (QEMU's inject-nmi). */
void apic_init(struct vcpu *vcpu);

#endif
