/**
 * The guest's local APIC: the machine's own, behind x2APIC's MSRs (msr_x2apic in monitor/msr.h).
 */
#ifndef MONITOR_APIC_H
#define MONITOR_APIC_H

#include "monitor/vcpu.h"

/** QEMU's APIC timer counts nanoseconds. */
#define APIC_TIMER_HZ 1000000000u

/** On the CPU itself, before its guest: let the host's NMI in (QEMU's inject-nmi). */
void apic_init(struct vcpu *vcpu);

#endif
