/**
 * Nested tables of each VP's own (option per-vp-memory=on): pages of low memory that one VP has
 * for itself. No other VP can reach them; the monitor, and devices, still can.
 */
#ifndef MONITOR_NPT_VP_H
#define MONITOR_NPT_VP_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

/** Before the guest, once npt_init() is done: tables for each VP, all with the same in them. */
void npt_vp_init(void);

/** For nCR3 of this vCPU: with paging on, and off. */
uint64_t npt_vp_root(const struct vcpu *vcpu);
uint64_t npt_vp_unpaged_root(const struct vcpu *vcpu);

/**
 * Give a page to @owner alone, or to everybody (NULL). NULL when done; else why not. It must be
 * everybody's, or the caller's. Several vCPUs may call at once.
 */
const char *npt_vp_give(struct vcpu *caller, uint64_t page_phys, const struct vcpu *owner);

/** Whose alone it is, or NULL: everybody's. */
const struct vcpu *npt_vp_owner(uint64_t phys);

/** The page's entry in everybody's tables has changed. The caller has the page lock. */
void npt_vp_refresh(uint64_t page_phys);

#endif
