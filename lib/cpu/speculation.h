/**
 * Private to the library: what processors are told about speculation (SDM vol. 4, IA32_SPEC_CTRL
 * and IA32_PRED_CMD; APM vol. 2, 3.2.9). On the CPU itself, with an IDT: a hypervisor that names
 * a register which it then refuses is named by the host's trap, and nothing goes on unprotected.
 */
#ifndef LIB_CPU_SPECULATION_H
#define LIB_CPU_SPECULATION_H

#include <muster/cpu.h>

/** On the BSP: which of the registers there are, and what SPEC_CTRL is to be on every CPU. */
void speculation_read(const struct muster_platform *platform, struct muster_cpu_profile *profile);

/** Whether there is anything to ask a CPU for, and to load. */
static inline bool speculation_is_wanted(const struct muster_cpu_profile *profile)
{
    return profile->has_spec_ctrl || profile->has_ibpb;
}

/** Whether the calling CPU has the registers that the BSP has. */
bool speculation_is_offered(const struct muster_platform *platform,
                            const struct muster_cpu_profile *profile);

/** Bring SPEC_CTRL to the profile's. */
void speculation_load(const struct muster_platform *platform,
                      const struct muster_cpu_profile *profile);

/** At a hand-over: nothing that the last owner has trained steers the next (IBPB). */
void speculation_barrier(const struct muster_platform *platform,
                         const struct muster_cpu_profile *profile);

#endif
