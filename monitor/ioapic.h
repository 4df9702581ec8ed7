/**
 * The machine's I/O APIC, for a guest that reaches it through its host.
 */
#ifndef MONITOR_IOAPIC_H
#define MONITOR_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

/** A policy_range_handler: all goes through but an entry that would send INIT or SIPI. */
bool ioapic_mmio(struct vcpu *vcpu, uint64_t phys, unsigned bytes, bool write, uint64_t *value);

#endif
