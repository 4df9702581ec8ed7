/**
 * Machine checks, as far as this kernel deals with them: those that somebody injects on request.
 */
#ifndef KERNEL_MACHINE_CHECK_H
#define KERNEL_MACHINE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

/** Whether the processor has the machine-check architecture. */
bool machine_check_offered(void);

/** So many banks of registers has each CPU. */
uint32_t machine_check_banks(void);

/**
 * On the CPU that has one: MCG_STATUS as it was found, with everything cleared. From here on
 * another one is no shutdown.
 */
uint64_t machine_check_take(void);

#endif
