/**
 * The library at work, step by step in this order. Each step prints what it did; what makes it
 * impossible to go on is a fatal error, what costs only a CPU is not.
 */
#ifndef KERNEL_BRINGUP_H
#define KERNEL_BRINGUP_H

#include <stdint.h>

struct percpu;

/**
 * Which CPUs are there, and how they are woken: by ACPI, by a device tree, or by both, which must
 * then agree. Either address may be 0; with none of them the BIOS's areas are searched for ACPI.
 * What a tree keeps goes into the memory map.
 */
void bringup_discover(uint64_t rsdp_phys, uint64_t fdt_phys);

/** The firmware's memory is taken before anybody can allocate it. */
void bringup_take_custody(void);

/** Fill slots and entry memory, seal the latter; the BSP is on its slot's tables afterwards. */
void bringup_prepare(void);

/** Every AP comes into the park area; what page tables they came from go into custody. */
void bringup_adopt(void);

/**
 * As long as the command line says nothing happens, before adoption and after it: whoever watches
 * sees CPUs that wait in the firmware only, or in the park area. The BSP sleeps.
 */
void bringup_leave_in_firmware(void);
void bringup_stay_parked(void);

/** Nobody needs the firmware any more: under RECLAIM its memory is given to the allocator. */
void bringup_release_custody(void);

/** How far each parked CPU's TSC is from the BSP's; corrected where that can be. */
void bringup_measure_clocks(void);

/** Every parked CPU starts into its bootstrap thread and ends up in its idle thread. */
void bringup_start(void);

/** The same, and nothing is said. */
void bringup_start_all(void);

/** Adoption and start and nothing else, between two marks that are seen from outside. */
void bringup_at_once(void);

/** A CPU's own stacks: of its idle thread, and of system calls. */
void bringup_give_stacks(struct percpu *cpu);

#endif
