/**
 * Work: functions that the BSP has run on other CPUs, and on itself, in their idle threads.
 */
#ifndef KERNEL_WORK_H
#define KERNEL_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/platform.h>

struct percpu;

/** Runs on @cpu, in its idle thread, interrupts off. */
typedef void work_function(struct percpu *cpu, void *argument);

struct work {
    work_function *function;
    void *argument;
    struct muster_word done; /* 1 once the function has returned */
};

#define WORK_QUEUE_ITEMS 8u /* a power of two */

/** Several producers, one at a time; one consumer (the CPU). The words count on and wrap. */
struct work_queue {
    struct muster_word lock; /* the producers' */
    struct muster_word put;
    struct muster_word taken;
    struct work *items[WORK_QUEUE_ITEMS];
};

/** Queue @work on @cpu and wake it. Any CPU, interrupts off; false if the queue is full. */
bool work_send(struct percpu *cpu, struct work *work);

/** Run the next item of the calling CPU's queue; false if there is none. */
bool work_run_next(struct percpu *cpu);

/**
 * Run @function on every active CPU at once, the BSP too, and wait until all have or
 * @deadline_ns has come. A CPU that has not is marked silent and never asked again.
 * From the BSP's boot thread.
 */
void work_call_all(work_function *function, void *argument, uint64_t deadline_ns);

#endif
