/**
 * What C cannot say: kernel/assembly.S and kernel/switch.S.
 */
#ifndef KERNEL_ASSEMBLY_H
#define KERNEL_ASSEMBLY_H

#include <stdint.h>

#include "abi/x86.h"

/** Save the caller's registers and stack pointer in *@save_rsp, go on with those at @load_rsp. */
void switch_stacks(uint64_t *save_rsp, uint64_t load_rsp);

/** Where a thread's first switch_stacks() returns to: RBX = body, R12 = its argument. */
void thread_first(void);

/** Where to go on after a fault that was provoked. */
struct recovery {
    uint64_t rsp;
    uint64_t rip;
};

/** Execute UD2; returns once the trap handler has sent the CPU to @recovery. */
void provoke_fault(struct recovery *recovery);

/** What FXSAVE stores: x87, MXCSR and XMM0 to XMM15 (SDM vol. 1, 10.5.1). */
struct vectors {
    uint8_t bytes[FXSAVE_BYTES];
} __attribute__((aligned(16)));

/** This kernel uses none of them; for proofs only, with CR0.TS clear. */
void vectors_load(const struct vectors *from);
void vectors_store(struct vectors *to);

/** Write @count times the 8 bytes of @value from @to on. */
void fill_quadwords(void *to, uint64_t value, uint64_t count);

#endif
