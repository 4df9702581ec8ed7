/**
 * Private to the library: Hyper-V's hypercalls. On the BSP, one at a time.
 */
#ifndef LIB_WAKE_HYPERCALL_H
#define LIB_WAKE_HYPERCALL_H

#include <muster/machine.h>

#include "abi/hyperv.h"

/**
 * Call with the input at config.hypercall_phys, by the platform's hypercall hook, or in a TD by
 * TDG.VP.VMCALL. Gives the result: a status, and how many reps are done.
 */
uint64_t hypercall(const struct muster_machine *machine, uint64_t control, uint64_t output_phys);

/** The name of what went wrong; @status is none that means success, or to try again. */
enum muster_status hypercall_meaning(uint32_t status);

/**
 * All that this slot's CPU needs from its first instruction on. GDT and IDT have the limit 0: no
 * segment is loaded, and no interrupt taken, before the CPU has its own.
 */
void hypercall_context_write(const struct muster_machine *machine, uint32_t index,
                             struct hyperv_context *context);

#endif
