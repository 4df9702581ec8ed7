/**
 * The library at work, step by step in this order. Each step prints what it did; what makes it
 * impossible to go on is a fatal error, what costs only a CPU is not.
 */
#ifndef KERNEL_BRINGUP_H
#define KERNEL_BRINGUP_H

#include <stdint.h>

/** Which CPUs are there, and how they are woken. @rsdp_phys 0: the BIOS's areas are searched. */
void bringup_discover(uint64_t rsdp_phys);

/** The firmware's memory is taken before anybody can allocate it. */
void bringup_take_custody(void);

/** Fill slots and entry memory, seal the latter; the BSP is on its slot's tables afterwards. */
void bringup_prepare(void);

/** Every AP comes into the park area; what page tables they came from go into custody. */
void bringup_adopt(void);

/** Nobody needs the firmware any more: under RECLAIM its memory is given to the allocator. */
void bringup_release_custody(void);

/** How far each parked CPU's TSC is from the BSP's; corrected where that can be. */
void bringup_measure_clocks(void);

/** Every parked CPU starts into its bootstrap thread and ends up in its idle thread. */
void bringup_start(void);

#endif
