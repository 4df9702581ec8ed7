/**
 * Private to the library: the common handler's two sides.
 */
#ifndef LIB_CPU_TRAP_H
#define LIB_CPU_TRAP_H

#include <muster/cpu.h>

#include "lib/cpu/slot_layout.h"

/** 256 stubs of TRAP_STUB_BYTES (lib/cpu/trap_entry.S). */
extern const uint8_t trap_stubs[];

/** Called by them, interrupts off, on the stack that the gate chose. */
__attribute__((used)) void trap_handle(struct muster_slot *slot, struct muster_trap_frame *frame);

#endif
