/**
 * Interrupts and exceptions: who handles which, and what happens to those that nobody awaits.
 */
#ifndef KERNEL_TRAP_H
#define KERNEL_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/cpu.h>

#include "kernel/percpu.h"

/** Runs on the CPU that was hit; when it returns, the CPU resumes at @frame. */
typedef void trap_handler(struct percpu *cpu, struct muster_trap_frame *frame);

/**
 * From now on @vector is handled by @handler on every CPU. Handlers stay: a trap that comes
 * after the proof which provoked it gave up must not be taken for a stray.
 */
void trap_set_handler(uint8_t vector, trap_handler *handler);

/** The hook for muster_cpu_config. */
void kernel_trap(struct muster_slot *slot, struct muster_trap_frame *frame);

/** Whether @frame lies on this CPU's own stack number @ist (MUSTER_IST_...). */
bool trap_frame_is_on_ist(const struct percpu *cpu, const struct muster_trap_frame *frame,
                          unsigned ist);

#endif
