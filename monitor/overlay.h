/**
 * Pages of the hypervisor's own that a guest has laid over its memory (TLFS, overlay pages): what
 * lies there can be read, and the code in it executed, until the page is taken away again.
 */
#ifndef MONITOR_OVERLAY_H
#define MONITOR_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

enum overlay {
    OVERLAY_HYPERCALL,
    OVERLAY_REFERENCE_TSC,
    OVERLAYS,
};

/** Lay it over a page, or take it away (0); false if that is no RAM, or has one already. */
bool overlay_place(struct vcpu *vcpu, enum overlay which, uint64_t page_phys);

/** The page that lies over the guest's memory at @phys, or NULL. */
const void *overlay_at(uint64_t phys);

#endif
