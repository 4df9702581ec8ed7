/**
 * CPUID as the guest sees it.
 */
#ifndef MONITOR_CPUID_H
#define MONITOR_CPUID_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

/** The guest executed CPUID. */
void cpuid_handle(struct vcpu *vcpu);

/** TDG.VP.VMCALL<CPUID>: leaf and subleaf in R12 and R13, the answer in R12 to R15. */
bool cpuid_ask_host(struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

/* Answers, for policies: a TD's, and a partition's under Hyper-V. */
void cpuid_answer_td(const struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
void cpuid_answer_hyperv(const struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

/** TDG.VP.CPUIDVE.SET. */
void cpuid_set_ve(struct vcpu *vcpu);

#endif
