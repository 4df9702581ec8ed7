/**
 * The faults of bringing a machine up: what each is, how it is injected into the simulated machine
 * (sim/sim.h), and what is to become of it by each way. list.c is the one list.
 */
#ifndef TESTS_FAULTS_FAULTS_H
#define TESTS_FAULTS_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/cpu.h>
#include <muster/status.h>

#include "sim/sim.h"

/** As users name them: the mailbox by ACPI, and by a device tree. */
enum way { WAY_SIPI, WAY_MAILBOX, WAY_FDT, WAY_HYPERV, WAY_SNP, WAY_ES_JUMP_TABLE, WAYS };
extern const char *const way_names[];

/** One fault, by one way, on one machine. */
struct cell {
    const struct fault *fault;
    enum way way;
    uint32_t cpus;
    uint64_t seed;
    bool many;       /* every fourth CPU has it, not one */
    uint32_t victim; /* the first that has it */
    struct sim_setup setup;
    struct sim_behaviour *behaviours;
    struct sim_tables tables;
};

bool is_victim(const struct cell *cell, uint32_t cpu);

/** Who is missing at first. */
enum who { NOBODY, VICTIMS, VICTIM_AND_NEXT, VICTIM_AND_BEHIND, NEXT, ALL_BEHIND, EVERYBODY };

struct expectation {
    const char *not_applicable; /* why; NULL: it is, and the rest counts */
    enum who missing;
    enum muster_status failure;      /* of the victims; of all where EVERYBODY is missing */
    enum muster_status next_failure; /* of who else is missing */
    enum muster_status again; /* of the victims in the second attempt; MUSTER_OK: they are on */
    enum muster_status next_again;
    bool strays;      /* arrivals that get no slot, at least one */
    bool needs_next;  /* needs a CPU behind the victim, and is one CPU's */
    const char *step; /* EVERYBODY: the step that fails */
};

struct fault {
    const char *name;
    const char *text;
    bool of_machine; /* has no victim */
    bool is_slow;    /* one victim will do */
    /* To one victim; of_machine: to the whole. */
    void (*inject)(struct cell *cell, uint32_t victim);
    struct expectation by[WAYS];
};

/** Ends with a name of NULL. */
extern const struct fault faults[];

/** Firmware's tables of the cell's machine, into memory of their own (tables.c). */
void tables_make(struct cell *cell);
void tables_free(struct cell *cell);

/** Where in them the CPUs are listed, and the header that says how long it is. */
uint64_t tables_cpus_at(const struct cell *cell);
uint64_t tables_length_at(const struct cell *cell);

#endif
