/**
 * Private to the library: MTRRs (SDM vol. 3, 12.11). On the CPU itself, never in a TD.
 */
#ifndef LIB_CPU_MTRR_H
#define LIB_CPU_MTRR_H

#include <muster/cpu.h>

unsigned mtrr_fixed_count(uint64_t cap);
unsigned mtrr_variable_count(uint64_t cap); /* registers: two for each range */

/** Read cap, default type and all ranges into @profile. */
void mtrr_read(const struct muster_platform *platform, struct muster_cpu_profile *profile);

/** Whether the calling CPU's are those of @profile. */
bool mtrr_equal(const struct muster_platform *platform, const struct muster_cpu_profile *profile);

/**
 * Disable all MTRRs, write what is in @list; gives how many. Caches must be off (SDM vol. 3,
 * 12.11.7.2).
 */
uint32_t mtrr_write(const struct muster_platform *platform, const struct muster_mtrr_list *list);

/** PAT and MTRRs of @profile as a list. */
void mtrr_list_make(const struct muster_cpu_profile *profile, struct muster_mtrr_list *list);

#endif
