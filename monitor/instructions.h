/**
 * Instructions that only a hypervisor needs, beside lib/cpu/instructions.h.
 */
#ifndef MONITOR_INSTRUCTIONS_H
#define MONITOR_INSTRUCTIONS_H

#include <stdint.h>

#include "lib/cpu/instructions.h"

static inline void out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint16_t in16(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* Nothing but an exception reaches this CPU from here on, not even an NMI. */
static inline void global_interrupts_off(void)
{
    __asm__ volatile("clgi" : : : "memory");
}

/* Let one pending NMI in. */
static inline void take_nmi(void)
{
    __asm__ volatile("stgi; nop; clgi" : : : "memory");
}

static inline void save_host_state(uint64_t vmcb_phys)
{
    __asm__ volatile("vmsave %0" : : "a"(vmcb_phys) : "memory");
}

#endif
