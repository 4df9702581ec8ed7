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

/* FXSAVE's memory (SDM vol. 1, 10.5.1). The vector registers are in it if CR4.OSFXSR is set. */
struct fxsave_area {
    uint8_t legacy[160];
    uint8_t xmm[16][16];
    uint8_t rest[96];
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct fxsave_area) == 512, "SDM vol. 1, table 10-2");

static inline void save_vectors(struct fxsave_area *area)
{
    __asm__ volatile("fxsave64 %0" : "=m"(*area));
}

#endif
