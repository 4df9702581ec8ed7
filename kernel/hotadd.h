/**
 * hot-add=N: N CPUs come while the kernel runs, are woken and proved, and go again; twice, so
 * that each place is seen to be good for a second CPU. On the BSP, in its boot thread.
 */
#ifndef KERNEL_HOTADD_H
#define KERNEL_HOTADD_H

#include <stdbool.h>

/** After discovery: whether the machine can do what was asked for; else a fatal error says why. */
void hotadd_check(void);

/** Once all other CPUs are on. Says what it waits for by an event, and waits with a deadline. */
void hotadd_run(void);

/** False if anything of it went wrong. */
bool hotadd_is_well(void);

/** The member "hot_add" of the report. */
void hotadd_report(void);

#endif
