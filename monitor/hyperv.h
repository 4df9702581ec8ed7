/**
 * What a Hyper-V hypervisor is to its guest beside hypercalls (TLFS, 2, 12 and appendix): CPUID
 * leaves, MSRs, and the pages that these lay over the guest's memory.
 */
#ifndef MONITOR_HYPERV_H
#define MONITOR_HYPERV_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

/** On the BSP, before the guest: its time begins. */
void hyperv_init(void);

/** Answer a CPUID leaf of the hypervisor's; false if it is none. */
bool hyperv_cpuid(uint32_t leaf, uint32_t out[4]);

/** Whether the guest has said who it is: before that there are no hypercalls. */
bool hyperv_is_open(void);

/** What is laid over the guest's memory. */
const void *hyperv_hypercall_page(void);
const void *hyperv_reference_page(void);

/* MSRs, for policies. Of a TD without hypercalls all are refused. */
bool hyperv_msr_guest_os_id(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value);
bool hyperv_msr_hypercall(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value);
bool hyperv_msr_reference_tsc(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value);
bool hyperv_msr_reset(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value);
bool hyperv_msr_number(struct vcpu *vcpu, uint32_t msr, bool write, uint64_t *value);

#endif
