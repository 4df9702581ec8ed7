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
enum sim_way { SIM_SIPI, SIM_MAILBOX, SIM_HYPERV, SIM_SNP, SIM_ES_JUMP_TABLE, SIM_WAYS };

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

/** A mailbox is used by one CPU at a time, and a VP is started by a call: not all go. */
bool sim_way_offers(enum sim_way way, enum sim_strategy strategy);

/** More CPUs than so many cannot be had by this way. */
uint32_t sim_way_most_cpus(enum sim_way way);

/** How one CPU, and what leads to it, behaves; all zero: well. */
struct sim_behaviour {
    bool dead;             /* does nothing, ever */
    uint32_t sipis_lost;   /* does not follow so many */
    uint64_t late_ns;      /* its first instruction comes so much later */
    uint64_t init_late_ns; /* an INIT takes effect so much later */
    uint64_t again_ns;     /* somebody comes to its entry once more, so much later; 0: nobody */
    bool dies_in_slot;     /* between its claim and its arrival */
    bool dies_parked;      /* as by a machine check that its host does not let it come back from */
    bool disturbed;        /* NMIs end its sleep in the park area */
    bool has_other_id;     /* its APIC says other_id, and not what the tables say */
    uint32_t other_id;

    /* At the mailbox. */
    bool keeps_command;      /* follows the command, and does not take it back */
    bool takes_next_command; /* sets the next command, another CPU's, to Noop as well */
    uint16_t leaves_command; /* in the place of Noop; 0: Noop */
    bool has_other_vector;   /* of the CPU other_vector: overwritten before it was read; so is the
                                jump table's address */
    uint32_t other_vector;

    /* At the hypervisor. */
    uint32_t refusals; /* so many starts are answered by refused_by */
    uint16_t refused_by;
    bool runs_all_the_same; /* though refused */
    uint64_t call_ns;       /* so much longer does the call that starts it take */
    bool has_other_index;   /* of the CPU before it */

    /* In the processor's table of pages (RMP). */
    uint32_t adjust_answer; /* RMPADJUST does not make its page a VMSA; 0: it does */
    bool vmsa_stays;        /* nor a page again */
};

/** What an SEV-ES guest learns of the AP jump table. */
enum sim_jump_table {
    SIM_TABLE_TOLD,
    SIM_TABLE_REFUSED,
    SIM_TABLE_NOWHERE,   /* its address is 0 */
    SIM_TABLE_UNALIGNED, /* it begins in the middle of a page */
    SIM_TABLE_UNMAPPED,  /* there is no memory */
    SIM_TABLE_SHARED,    /* the host can write it */
    SIM_TABLE_GONE,      /* told while the guest prepares, and refused later */
};

/** What firmware describes the machine by, in memory of the caller's. */
struct sim_tables {
    uint8_t *memory;
    uint64_t phys, bytes;
    uint64_t rsdp_phys, fdt_phys; /* the tree counts where there is no RSDP */
    /* Before each mapping of @at, to change what is there; or NULL. */
    void (*before_map)(struct sim_tables *tables, uint64_t at, uint64_t bytes);
    uint32_t maps;       /* for whoever counts them */
    const uint8_t *good; /* what memory is once the fault is gone */
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

    /* For sim_try(). */
    uint32_t uncounted;      /* CPUs that no table lists, behind all others */
    uint64_t clock_stops_ns; /* so long after the beginning; 0: never */
    uint16_t found_command;  /* the mailbox has this at the beginning; 0: Noop */
    bool keeps_firmware;     /* custody keeps what firmware's CPUs stand in */
    bool no_low_memory;      /* nothing is free where CPUs can be sent to */
    enum sim_jump_table jump_table;
    struct sim_tables *tables; /* to be discovered by; NULL: the machine is as described here */
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

/** What became of one CPU: enum muster_cpu_state and enum muster_status. */
struct sim_outcome {
    uint32_t state, failure;
};

/** One attempt to bring the machine up as a kernel does, from discovery on. */
struct sim_attempt {
    const char *step; /* the one that failed: "discover" ... "start"; NULL: none */
    uint32_t status;  /* what it answered: enum muster_status */
    uint64_t took_ns; /* adoption and start */
    uint32_t strays;
    uint64_t lost_bytes;          /* memory that nobody has and that is not free */
    struct sim_outcome *outcomes; /* the caller's: setup->cpus of them */
};

/**
 * Try @count times. What is wrong by @setup is so in the first attempt, and gone after it; what was
 * still to come by then has come before the next. NULL; or what may never be, whatever is
 * wrong: two CPUs on one stack, a CPU in memory that custody has given away, a wait without end.
 */
const char *sim_try(const struct sim_setup *setup, struct sim_attempt *attempts, uint32_t count);

#endif
