/**
 * The guest's memory as the guest itself sees it: through its own page tables and by the states
 * of its pages. Nothing here trusts the guest.
 */
#ifndef MONITOR_GUEST_MEMORY_H
#define MONITOR_GUEST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

/**
 * Where the guest's page lies for the monitor; @phys may carry the shared bit, which must then
 * agree with the page's state. NULL if the guest itself could not use it.
 */
void *guest_page(uint64_t phys);

/** The same as a guest that reads sees it: an overlay page where one lies there. */
const void *guest_page_to_read(uint64_t phys);

/** Translate a linear address; false if the guest's page tables do not map it. */
bool guest_translate(const struct vcpu *vcpu, uint64_t linear, uint64_t *phys);

/** Read up to @bytes from a linear address; gives how many could be read. */
unsigned guest_read(const struct vcpu *vcpu, uint64_t linear, void *to, unsigned bytes);

#endif
