/**
 * Private to the library: the common handler's two sides.
 */
#ifndef LIB_CPU_TRAP_H
#define LIB_CPU_TRAP_H

#include <muster/cpu.h>

#include "lib/cpu/slot_layout.h"

/** 256 stubs (lib/cpu/trap_entry.S). */
extern const uint8_t trap_stubs[];

/** The one of @vector. */
static inline const uint8_t *trap_stub(unsigned vector)
{
    return trap_stubs + vector / TRAP_GROUP_STUBS * TRAP_GROUP_BYTES +
           vector % TRAP_GROUP_STUBS * TRAP_STUB_BYTES;
}

/** Called by them, interrupts off, on the stack that the gate chose. */
__attribute__((used)) void trap_handle(struct muster_slot *slot, struct muster_trap_frame *frame);

#endif
