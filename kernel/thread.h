/**
 * Threads: each is pinned to one CPU, which runs its most important ready one until that waits,
 * gives way or ends. Interrupts are off in every thread; only the idle thread lets them in.
 * All functions work on the calling CPU's own threads.
 */
#ifndef KERNEL_THREAD_H
#define KERNEL_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/platform.h>

struct percpu;

enum thread_priority {
    THREAD_IDLE,
    THREAD_BOOTSTRAP, /* the highest: until a CPU is set up nothing else runs on it */
};

struct thread {
    const char *name;
    enum thread_priority priority;
    uint64_t rsp; /* while it does not run: its registers lie there, see switch.S */
    uint64_t stack_start;
    uint64_t stack_end;
    struct thread *next; /* in the list it is on */

    const struct muster_word *word; /* blocked as long as *word is value ... */
    uint32_t value;
    uint64_t deadline_ns; /* ... and this has not come */
};

typedef void thread_body(struct percpu *cpu);

/** What @cpu runs right now, or when it comes, is @thread. @cpu as in thread_create(). */
void thread_become(struct percpu *cpu, struct thread *thread, const char *name,
                   enum thread_priority priority, uint64_t stack_start, uint64_t stack_end);

/** A new thread of @cpu, ready to run. @cpu is the caller's own, or not started yet. */
void thread_create(struct percpu *cpu, struct thread *thread, const char *name,
                   enum thread_priority priority, thread_body *body, uint64_t stack_start,
                   uint64_t stack_end);

/** Give way to a ready thread that is more important; false if there is none. */
bool thread_give_way(struct percpu *cpu);

/** Block the calling thread while *@word is @value; false if the deadline came first. */
bool thread_wait(const struct muster_word *word, uint32_t value, uint64_t deadline_ns);

/** End the calling thread: the next ready one runs. */
_Noreturn void thread_exit(struct percpu *cpu);

/** The body of every idle thread: marks the CPU active, runs its work, wakes, sleeps. */
_Noreturn void idle_body(struct percpu *cpu);

#endif
