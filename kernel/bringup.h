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

/**
 * Every AP comes into the park area, or, where nobody wants to see it parked, straight into its
 * bootstrap thread. From here to the end of bringup_start() nothing is printed: a character by
 * the serial port takes as long as a processor.
 */
void bringup_adopt(void);

/**
 * As long as the command line says nothing happens, before adoption and after it: whoever watches
 * sees CPUs that wait in the firmware only, or in the park area. The BSP sleeps.
 */
void bringup_leave_in_firmware(void);
void bringup_stay_parked(void);

/** nmi=parked: each parked CPU gets one, and stays what it is; fatal if not. */
void bringup_send_nmis(void);

/**
 * mce=parked: each parked CPU gets a machine check from outside and stays what it is, but for the
 * last, which is lost by it; fatal if not.
 */
void bringup_await_machine_checks(void);

/** Every CPU that is in starts into its bootstrap thread and ends up in its idle thread. */
void bringup_start(void);

/** Whoever measures is told that all are on, if all APs went on as they came and run already. */
void bringup_mark_early(void);

/**
 * The page tables that APs came on go into custody. Then nobody needs the firmware any more:
 * under RECLAIM its memory is given to the allocator.
 */
void bringup_settle_custody(void);

/** How far each CPU's TSC is from the BSP's; corrected where that can be. */
void bringup_measure_clocks(void);

/** In start.c, before adoption: all that is needed to start the CPU at @index. */
void bringup_prepare_start(uint32_t index);

/** A CPU's own stacks: of its idle thread, and of system calls. */
void bringup_give_stacks(struct percpu *cpu);

#endif
