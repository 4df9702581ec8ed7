/**
 * The block that belongs to one CPU: GS base points at it in the kernel, KERNEL_GS_BASE while
 * the CPU is in ring 3. The first fields are read by assembly at the offsets given here.
 */
#ifndef KERNEL_PERCPU_H
#define KERNEL_PERCPU_H

#define PERCPU_SLOT       0
#define PERCPU_SELF       8
#define PERCPU_KERNEL_RSP 16
#define PERCPU_USER_RSP   24
#define PERCPU_RETURN_RSP 32

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <muster/cpu.h>

#include "kernel/thread.h"
#include "kernel/work.h"

#define MAX_CPUS 512u

/** What a CPU has to say against a proof: filled on that CPU, read on the BSP afterwards. */
struct evidence {
    const char *complaint; /* NULL: nothing */
    uint64_t found;
    uint64_t wanted;
};

/* Whether a CPU takes part. Once decided it stays so. */
#define CPU_UNDECIDED 0
#define CPU_ACTIVE    1 /* its idle thread runs: set by the CPU itself */
#define CPU_GIVEN_UP  2 /* came too late: set by the BSP, and the CPU halts when it sees it */

struct percpu {
    struct muster_slot *slot; /* first: the library's rule for GS base */
    struct percpu *self;
    uint64_t kernel_rsp;      /* where the stack of a system call, or a trap in ring 3, begins */
    uint64_t user_rsp;        /* of ring 3, while a system call runs */
    uint64_t return_rsp;      /* of enter_user(), for leave_user() */
    uint64_t user_stack_page; /* the CPU's own, while its program runs */

    uint32_t index;            /* of the slot, too */
    const char *given_up;      /* how far it had come when the time was over; NULL: it was not */
    bool silent;               /* did not answer a call in time: it is not asked again */
    struct muster_word active; /* CPU_..., by compare-and-swap: who comes first decides */

    struct thread *current;
    struct thread *ready;   /* runnable ones, the most important first */
    struct thread *blocked; /* those that wait for a word to change */
    struct thread bootstrap;
    struct thread idle;

    struct work_queue queue;
    struct work call; /* the BSP's, see work_call_all() */
    struct work off;  /* see life_turn_off() */

    struct evidence evidence;
    struct muster_word trap_count; /* of the trap that a proof provokes at the moment */
};

_Static_assert(offsetof(struct percpu, slot) == PERCPU_SLOT, "assembly");
_Static_assert(offsetof(struct percpu, self) == PERCPU_SELF, "assembly");
_Static_assert(offsetof(struct percpu, kernel_rsp) == PERCPU_KERNEL_RSP, "assembly");
_Static_assert(offsetof(struct percpu, user_rsp) == PERCPU_USER_RSP, "assembly");
_Static_assert(offsetof(struct percpu, return_rsp) == PERCPU_RETURN_RSP, "assembly");

extern struct percpu percpus[MAX_CPUS];

/** The calling CPU's own block, by GS. Only once GS base is loaded. */
struct percpu *this_cpu(void);

/** The CPU at @index if its idle thread runs, else NULL. */
struct percpu *cpu_if_active(uint32_t index);

/** How many CPUs are there: the machine may list others, which may come later. */
uint32_t cpu_there_count(void);

/** How many CPUs are active. */
uint32_t cpu_active_count(void);
#endif

#endif
