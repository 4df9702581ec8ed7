#include "kernel/trap.h"

#include "abi/x86.h"
#include "boot/native.h"
#include "boot/td.h"
#include "kernel/fatal.h"
#include "kernel/kernel.h"
#include "lib/atomic.h"
#include "lib/cpu/instructions.h"

#define FIRST_INTERRUPT 0x20

/* Ours are from here on. What comes below is of a device that a PC's firmware has left on. */
#define FIRST_OWN WAKE_VECTOR

/* trap_handler *, by vector; 0: nobody. Set on the BSP while others may be hit. */
static uint64_t handlers[256];

void trap_set_handler(uint8_t vector, trap_handler *handler)
{
    u64_store_relaxed(&handlers[vector], (uint64_t)handler);
}

bool trap_frame_is_on_ist(const struct percpu *cpu, const struct muster_trap_frame *frame,
                          unsigned ist)
{
    const uint8_t *stack = cpu->slot->ist[ist - 1];
    uint64_t start = (uint64_t)frame;
    return start >= (uint64_t)stack &&
           start + sizeof(*frame) <= (uint64_t)stack + MUSTER_IST_STACK_BYTES;
}

void kernel_trap(struct muster_slot *slot, struct muster_trap_frame *frame)
{
    struct percpu *cpu = &percpus[slot->index];
    uint8_t vector = (uint8_t)frame->vector;

    /* Before all else: until it is asked what it was about, another one is a double fault. */
    if (vector == VECTOR_VE && td_handle_ve(frame))
        return;
    if (stop_asked())
        native_halt();
    /* A spurious interrupt is none: no handler, and no EOI (SDM vol. 3, 11.9). */
    if (vector == (uint8_t)kernel.machine.profile.apic_svr)
        return;
    /* It has done its work by ending HLT: the idle thread looks at its queue next, or the nap is
     * over. */
    if (vector == WORK_VECTOR || vector == NAP_VECTOR) {
        muster_apic_eoi(&kernel.platform);
        return;
    }
    trap_handler *handler = (trap_handler *)u64_load_relaxed(&handlers[vector]);
    if (!handler && vector >= FIRST_INTERRUPT && vector < FIRST_OWN) {
        (void)word_fetch_add(&kernel.device_interrupts, 1);
        muster_apic_eoi(&kernel.platform);
        return;
    }
    if (!handler)
        fatal_trap(cpu, frame);
    if (vector >= FIRST_INTERRUPT)
        muster_apic_eoi(&kernel.platform);
    handler(cpu, frame);
}
