/**
 * What things cost on the simulated machine: durations in nanoseconds, and a few counts.
 *
 * Where each standard value comes from, published or assumed, is in docs/simulate.md.
 */
#ifndef SIM_COSTS_H
#define SIM_COSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_costs {
    /* The local APIC. */
    uint64_t icr_write_ns;      /* the sender is busy for so long with each interrupt */
    uint64_t ipi_near_ns;       /* from the write to the receiver, in the same node */
    uint64_t ipi_far_ns;        /* the same, to another node */
    uint64_t broadcast_step_ns; /* a broadcast reaches each next CPU so much later */
    uint64_t reset_ns;          /* from SIPI to the first instruction */
    uint64_t halt_exit_ns;      /* from interrupt to the instruction behind HLT */

    /* Caches and memory. */
    uint64_t hit_ns;       /* a shared word that is in the own cache */
    uint64_t line_near_ns; /* a cache line from another CPU of the node */
    uint64_t line_far_ns;  /* from another node */
    uint64_t memory_near_ns;
    uint64_t memory_far_ns;
    uint64_t load_overlap; /* so many loads that miss are under way at once in a loop */

    /* A CPU's own work. */
    uint64_t entry_ns;    /* from the first instruction to long mode */
    uint64_t setup_ns;    /* lib/cpu/load.c: tables, control registers, memory types, APIC */
    uint64_t setup_lines; /* cache lines that all this reads for the first time */
    uint64_t step_ns;     /* from behind HLT to a look at the command: handler and all */
    uint64_t msr_ns;
    uint64_t cpuid_ns;
    uint64_t clock_ns; /* a reading of the clock */

    /* The firmware behind a mailbox. */
    uint64_t look_ns;       /* a sleeping AP looks at the mailbox this often; 0: none sleeps */
    uint64_t poll_ns;       /* from look to look of an AP that is awake */
    uint64_t serve_near_ns; /* so often one more CPU of a node gets a line that all want */
    uint64_t serve_far_ns;  /* so often one more node gets it */

    /* A hypervisor. */
    uint64_t hypercall_ns; /* the caller is away for so long */
    uint64_t vp_start_ns;  /* from the call that starts a VP to its first instruction */
    uint64_t rmpadjust_ns; /* SEV-SNP: a page becomes a VMSA */

    /**
     * 0: all CPUs run at the same time. Else a host runs them one after the other, as an emulator
     * in one thread does: what one does is everybody's time, and until a message's receiver has its
     * turn so much goes by for each CPU of the machine.
     */
    uint64_t turn_ns;

    uint64_t jitter_percent; /* what each CPU does by itself differs by up to so much */
};

/** A cost by its name: the member's, without "_ns". */
struct sim_cost {
    const char *name;
    size_t place; /* in struct sim_costs */
    uint64_t standard;
    uint64_t least, most;
};

/** All of them; ends with a name of NULL. */
extern const struct sim_cost sim_cost_list[];

void sim_costs_init(struct sim_costs *costs);
const struct sim_cost *sim_cost_find(const char *name);
uint64_t sim_cost_get(const struct sim_costs *costs, const struct sim_cost *cost);

/** False: the value is below the least or above the most. */
bool sim_cost_set(struct sim_costs *costs, const struct sim_cost *cost, uint64_t value);

#endif
