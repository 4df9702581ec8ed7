/**
 * MSRs: the instruction, and what the guest asks of its host.
 */
#ifndef MONITOR_MSR_H
#define MONITOR_MSR_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

/** RDMSR or WRMSR exited. */
void msr_handle(struct vcpu *vcpu, bool write);

/** TDG.VP.VMCALL<RDMSR, WRMSR>; false: the host refuses. */
bool msr_ask_host(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value);

/** Whether each of PAT's eight fields is a memory type. */
bool msr_is_pat(uint64_t value);

/* Handlers for policies. */
bool msr_efer(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value);
bool msr_apic_base(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value);
bool msr_misc_enable(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value);
bool msr_pat(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value);
bool msr_x2apic(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value);

#endif
