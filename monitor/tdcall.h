/**
 * TDCALL: what a TD asks of the TDX module.
 */
#ifndef MONITOR_TDCALL_H
#define MONITOR_TDCALL_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

#define TDCALL_BYTES 4

/** Whether these bytes are the instruction. No processor but Intel's with TDX knows it. */
bool tdcall_is(const uint8_t code[TDCALL_BYTES]);

/** Do the leaf in RAX. */
void tdcall_handle(struct vcpu *vcpu);

/* Leaves, for policies: results in registers, RAX among them. */
void tdcall_vp_vmcall(struct vcpu *vcpu);
void tdcall_vp_info(struct vcpu *vcpu);
void tdcall_rtmr_extend(struct vcpu *vcpu);
void tdcall_page_accept(struct vcpu *vcpu);
void tdcall_vm_read(struct vcpu *vcpu);
void tdcall_vm_write(struct vcpu *vcpu);
void tdcall_mr_report(struct vcpu *vcpu);

#endif
