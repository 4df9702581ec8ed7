/**
 * TDG.VP.VMCALL: what a TD asks of its host. For policies.
 */
#ifndef MONITOR_TDVMCALL_H
#define MONITOR_TDVMCALL_H

#include "monitor/vcpu.h"

void tdvmcall_cpuid(struct vcpu *vcpu);
void tdvmcall_hlt(struct vcpu *vcpu);
void tdvmcall_io(struct vcpu *vcpu);
void tdvmcall_rdmsr(struct vcpu *vcpu);
void tdvmcall_wrmsr(struct vcpu *vcpu);
void tdvmcall_mmio(struct vcpu *vcpu);
void tdvmcall_get_info(struct vcpu *vcpu);
void tdvmcall_map_gpa(struct vcpu *vcpu);
void tdvmcall_get_quote(struct vcpu *vcpu);
void tdvmcall_fatal_error(struct vcpu *vcpu);

#endif
