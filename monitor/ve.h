/**
 * #VE: how a TD learns that it must ask its host.
 */
#ifndef MONITOR_VE_H
#define MONITOR_VE_H

#include <stdbool.h>

#include <stdint.h>

#include "monitor/vcpu.h"

/** Inject a #VE for an instruction: VE_REASON_..., its qualification and length. */
void ve_inject(struct vcpu *vcpu, uint32_t reason, uint64_t qualification, unsigned bytes);

/** Inject a #VE for an access to shared memory that is not there. */
void ve_inject_access(struct vcpu *vcpu, uint64_t linear, uint64_t phys, bool write, bool fetch);

/** TDG.VP.VEINFO.GET. */
void ve_get_info(struct vcpu *vcpu);

#endif
