/**
 * A machine of up to SIM_MAX_CPUS processors in one process, on which the library's own
 * orchestrator runs: what a bring-up takes, and on what its last CPU waited.
 *
 * One run at a time in a process. Docs: docs/simulate.md.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/costs.h"

#define SIM_MAX_CPUS   65536u
#define SIM_MIN_CPUS   2u
#define SIM_MAX_FANOUT 64u

/** How a CPU is reached. */
enum sim_way { SIM_SIPI, SIM_MAILBOX, SIM_HYPERV, SIM_WAYS };

/** In which order, and by whom, CPUs are sent for and turned on. */
enum sim_strategy {
    SIM_CLASSIC,   /* one after the other, with the delays of the MP specification */
    SIM_SERIAL,    /* one after the other, each awaited until it is on */
    SIM_PIPELINED, /* the library, with a message to each */
    SIM_BROADCAST, /* the library, with one message to all where that can be */
    SIM_FANOUT,    /* CPUs that are in send for others, as a tree */
    SIM_NODE,      /* one CPU of each node sends for the others of it */
    SIM_STRATEGIES,
};

/** "sipi", "broadcast" ...; NULL-terminated, in the order of the enumerations. */
extern const char *const sim_way_names[];
extern const char *const sim_strategy_names[];

/** A mailbox is used by one CPU at a time, and a VP is started by a hypercall: not all go. */
bool sim_way_offers(enum sim_way way, enum sim_strategy strategy);

/** How one CPU behaves; all zero: well. */
struct sim_behaviour {
    bool dead;           /* does nothing, ever */
    uint32_t sipis_lost; /* does not follow so many */
    uint64_t late_ns;    /* its first instruction comes so much later */
};

struct sim_setup {
    uint32_t cpus;
    uint32_t nodes; /* NUMA nodes, at most cpus; CPUs are spread evenly */
    enum sim_way way;
    enum sim_strategy strategy;
    uint32_t fanout; /* SIM_FANOUT: for how many others each CPU sends */
    uint64_t seed;
    uint64_t timeout_ns; /* of each of the library's calls */
    struct sim_costs costs;
    const struct sim_behaviour *behaviours; /* by CPU; CPU 0 is the BSP. NULL: all are well */
};

/** What the last CPU's way was made of; the parts add up to the whole. */
enum sim_part {
    SIM_PART_WAKES,    /* others were sent for first */
    SIM_PART_DELAYS,   /* prescribed waiting */
    SIM_PART_DELIVERY, /* messages under way */
    SIM_PART_RESET,    /* from message to first instruction */
    SIM_PART_SETUP,    /* from first instruction to the park area */
    SIM_PART_NOTICE,   /* until the BSP knew that all were there */
    SIM_PART_STARTS,   /* others were turned on first */
    SIM_PART_LEAVE,    /* from its interrupt to its entry */
    SIM_PARTS,
};

/** "wakes", "delivery" ...: as reports spell it; NULL-terminated. */
extern const char *const sim_part_names[];

struct sim_result {
    uint64_t adopted_ns; /* from the call of muster_adopt() to its end */
    uint64_t on_ns;      /* and until muster_start() had all on */
    uint64_t part_ns[SIM_PARTS];
    uint32_t on_count; /* CPUs that are on, the BSP among them */
    uint32_t failed;   /* CPUs that are not, and were to be */
    uint64_t sends;    /* writes that sent an interrupt */
    uint64_t events;
};

/** The setup for so many CPUs by this way and strategy, with standard costs. */
void sim_setup_init(struct sim_setup *setup, uint32_t cpus, enum sim_way way,
                    enum sim_strategy strategy);

/** NULL; or what hinders it: a setup that cannot be, or no memory. */
const char *sim_run(const struct sim_setup *setup, struct sim_result *result);

#endif
