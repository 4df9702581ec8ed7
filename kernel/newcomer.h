/**
 * One CPU that comes into the machine while the kernel runs, and goes out of it again. On the BSP,
 * in its boot thread.
 */
#ifndef KERNEL_NEWCOMER_H
#define KERNEL_NEWCOMER_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/status.h>

struct newcomer {
    uint32_t selector; /* the controller's number for it */
    uint32_t apic_id;
    bool known;          /* listed, and not in already: it is ours to let go */
    const char *failure; /* NULL: it came and is active */
    uint64_t arrive_ns;  /* from its INIT until it was parked */
    uint64_t on_ns;      /* from there until its idle thread ran */
    bool gone;           /* out of the machine again, says the controller */
};

/**
 * Wake it, measure its clock, turn it on: apic_id says who it is. MUSTER_OK once its idle thread
 * runs; else the error that tells most, by the kernel's deadline.
 */
enum muster_status newcomer_bring_in(struct newcomer *newcomer);

/** Turn it off, if it is on, and forget it: firmware may have it. It is @known, and not @gone. */
enum muster_status newcomer_let_go(const struct newcomer *newcomer);

/** Ask the controller to take it out. False: it is still there by the deadline. */
bool newcomer_eject(struct newcomer *newcomer);

/** It as an object of the report. */
void newcomer_report(const struct newcomer *newcomer);

#endif
