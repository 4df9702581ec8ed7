/**
 * Private to the library: the measured CPU's side of muster/clock.h, step by step.
 */
#ifndef LIB_CPU_CLOCK_H
#define LIB_CPU_CLOCK_H

#include <muster/cpu.h>

#define CLOCK_CLOSED 0xFFFFFFFFu /* in place of an answer: nobody answers any more */

/**
 * Take the command, if it is still there: whoever takes it decides. From here to clock_end() the
 * CPU is in slot->clock, and no other measurement begins.
 */
bool clock_begin(struct muster_slot *slot);

/** Ask for the next round; false: there is no more to ask. */
bool clock_ask(struct muster_slot *slot);

/** The answer is there: take it. */
void clock_take(struct muster_slot *slot);

/**
 * All the rest, on the CPU itself, interrupts off; ends when the BSP is silent for too long. As
 * clock_end() otherwise.
 */
bool clock_run(struct muster_slot *slot);

/** The end: whether the outcome counts, which it does unless the BSP has given up. */
bool clock_end(struct muster_slot *slot);

#endif
