/**
 * A guest that runs one instruction at a time, without knowing (RFLAGS.TF, and the #DB that comes
 * of it taken by the monitor). For a few instructions that do not look at RFLAGS themselves. On
 * the vCPU's own CPU, outside of its guest.
 */
#ifndef MONITOR_STEP_H
#define MONITOR_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

/**
 * From the next entry on call @handler after each instruction, until step_end(). An exception that
 * is injected into the guest ends it too, without a call. False if the guest steps itself.
 */
bool step_begin(struct vcpu *vcpu, step_handler *handler);

/** Let the guest run freely again; nothing if it does. */
void step_end(struct vcpu *vcpu);

/** Exceptions that must exit meanwhile: none may carry TF to its handler. */
uint32_t step_exceptions(const struct vcpu *vcpu);

/** A #DB exited. */
void step_handle_debug(struct vcpu *vcpu);

#endif
