/**
 * The guest's time-stamp counters: the processor's own, moved by the VMCB's TSC offset. On the
 * vCPU's own processor, but for tsc_start().
 */
#ifndef MONITOR_TSC_H
#define MONITOR_TSC_H

#include "monitor/vcpu.h"

/** How @vcpu's counter starts: @skew ticks ahead of that of the vCPU before it. */
void tsc_start(struct vcpu *vcpu, int64_t skew);

/**
 * IA32_TIME_STAMP_COUNTER and IA32_TSC_ADJUST, as policies call them (struct policy_msr): a write
 * of either moves the counter, and both know of it (SDM vol. 3, 18.17.3).
 */
bool tsc_msr_counter(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value);
bool tsc_msr_adjust(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value);

#endif
