/* The IDT that all CPUs share, and what its one handler does. */
#include "abi/x86.h"
#include "lib/atomic.h"
#include "lib/cpu/cpu.h"
#include "lib/cpu/trap.h"

#define FIRST_INTERRUPT 0x20

static uint8_t gate_ist(unsigned vector)
{
    switch (vector) {
    case VECTOR_NMI:
        return MUSTER_IST_NMI;
    case VECTOR_DF:
        return MUSTER_IST_DF;
    case VECTOR_MC:
        return MUSTER_IST_MC;
    default:
        return 0;
    }
}

void idt_init(struct muster_idt *idt)
{
    struct x86_gate *gates = (struct x86_gate *)(void *)idt->gates;
    for (unsigned vector = 0; vector < 256; vector++) {
        uint64_t stub = (uint64_t)(uintptr_t)trap_stub(vector);
        gates[vector] = (struct x86_gate){
            .offset_low = (uint16_t)stub,
            .offset_middle = (uint16_t)(stub >> 16),
            .offset_high = (uint32_t)(stub >> 32),
            .selector = MUSTER_KERNEL_CS,
            .ist = gate_ist(vector),
            .type = X86_INTERRUPT_GATE,
        };
    }
}

/*
 * The wake interrupt's whole purpose was to end a HLT. What else comes to a parked CPU was left
 * pending by the firmware, or by whoever had the CPU last, and means nothing to the host.
 */
static bool is_ours(const struct muster_slot *slot, uint64_t vector)
{
    return vector == slot->machine->config.wake_vector ||
           (vector >= FIRST_INTERRUPT && word_load_relaxed(&slot->state) != MUSTER_CPU_ON);
}

void trap_handle(struct muster_slot *slot, struct muster_trap_frame *frame)
{
    const struct muster_machine *machine = slot->machine;
    if (is_ours(slot, frame->vector))
        muster_apic_eoi(machine->platform);
    else
        machine->config.trap(slot, frame);
}
