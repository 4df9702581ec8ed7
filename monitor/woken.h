/**
 * An AP on its way from firmware to the OS's own: until it has an IDT of its own no trap may come,
 * and until it has page tables of its own it stays in its wakeup vector's page
 * (docs/conformance.md). On the AP's own CPU, outside of its guest.
 */
#ifndef MONITOR_WOKEN_H
#define MONITOR_WOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

/** Its first instruction of the OS's is next. */
void woken_begin(struct vcpu *vcpu);

/** Whether it is still looked for it to load CR3; and it did. */
bool woken_awaits_cr3(const struct vcpu *vcpu);
void woken_has_left_tables(struct vcpu *vcpu);

/** Exceptions that must exit on this vCPU. */
uint32_t woken_exceptions(const struct vcpu *vcpu);

/** An exception goes to the guest. */
void woken_trap(struct vcpu *vcpu, unsigned vector);

/** One of woken_exceptions() or step_exceptions() exited: see it, and hand it on. */
void woken_handle_exception(struct vcpu *vcpu);

#endif
