/**
 * The world that the stress runs the library in: each thread is a processor with a local APIC,
 * interrupts are real wake-ups of sleeping threads, and chance holds anybody up anywhere.
 */
#ifndef STRESS_WORLD_H
#define STRESS_WORLD_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include <muster/wake.h>

#include "abi/mailbox.h"

#define STRESS_CPUS     5 /* the BSP is in the middle */
#define STRESS_BSP      2
#define STRESS_SECOND   1000000000ull
#define STRESS_PATIENCE (20 * STRESS_SECOND) /* what takes longer is lost */

/** What all threads share. Only the library's own words and this file's atomics are raced for. */
struct world {
    struct muster_machine machine;
    struct muster_platform platform;
    struct muster_plan plan;
    struct muster_slot *slots;
    struct mailbox *mailbox;
    struct muster_word firmware[STRESS_CPUS]; /* enum mailbox_ap_state */
    bool ending;                              /* whoever is parked or in firmware goes home */
    uint32_t letters[STRESS_CPUS];            /* plain: the BSP's word to whom it wakes */
    uint64_t seed;
};
extern struct world world;

/** Make the machine, as far as muster_prepare(), on the calling thread, which is the BSP. */
void world_make(uint64_t seed);

/** The trace of all that has been done, by CPU; each adds to its own only. */
struct tally {
    uint64_t wakes, parks, ons, offs, backs, clocks; /* what is a step */
    uint64_t won, delivered, withdrawn, seen_off, delays;
};
extern struct tally tallies[STRESS_CPUS];
void tally_add(uint64_t *number, uint64_t addend);
struct tally tally_sum(void);
uint64_t tally_steps(const struct tally *tally);

/** What a CPU does while it is ON, from its entry to muster_cpu_off(), which does not return. */
void host_run(struct muster_slot *slot);

/** The BSP has been ON from the beginning: everybody in, and started. Then host_run(). */
void host_begin(void);

/** Enough has been done: come home. */
void host_stop(void);

/** The calling thread is the CPU at @index from here on. */
void world_become(uint32_t index);
uint32_t world_self(void);

/** This thread's own chance: a number below @bound. */
uint32_t chance(uint32_t bound);

/** How often this thread has been held up. */
uint64_t delays_of_thread(void);

/** An interrupt for the CPU at @index. */
void world_interrupt(uint32_t index);

/** Where the library's assembly takes a CPU out of C: to world_gone, and world_exit() says how. */
enum world_exit { WORLD_NOWHERE, WORLD_ENTERED, WORLD_LEFT, WORLD_OFF, WORLD_ENDED };
extern _Thread_local jmp_buf world_gone;
enum world_exit world_exit(void);

/** Says what broke, with the seed, and ends the process. */
__attribute__((noreturn, format(printf, 1, 2))) void broken(const char *format, ...);

#endif
