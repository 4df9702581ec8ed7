/**
 * Private to the simulator: the machine, its time, and who does what on it.
 *
 * The library runs as the BSP's code; what it costs lets time pass, and what is due by then
 * happens, as events. An event is a CPU's doing, in one go: its effects are there from its
 * beginning on, and a cache line that it wrote is to be had from its end on.
 */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include <muster/custody.h>
#include <muster/memory.h>
#include <muster/wake.h>

#include "abi/mailbox.h"
#include "sim/heap.h"
#include "sim/sim.h"

#define SIM_BSP  0u
#define SIM_NONE UINT32_MAX

#define SIM_BEGIN_NS 1000000000u /* a moment is never 0: that means that it was not */

#define SIM_MAILBOX_PHYS 0x3FFF0000u
#define SIM_CALL_PHYS    0x3FFF2000u
#define SIM_TABLE_PHYS   0x3FFF4000u /* SEV-ES: the AP jump table, and another page behind it */
#define SIM_TABLE_BYTES  0x2000u
#define SIM_PARK_CR3     0x00ABC000u
#define SIM_LOW_PAGES    0x9Eu /* free from 4 KiB on */
#define SIM_WAKE_VECTOR  0xF1

/** Who has a cache line: one CPU that wrote it last, and one that has read it since. */
struct sim_line {
    uint32_t owner, reader; /* SIM_NONE: nobody */
    uint64_t free_ns;       /* until then it is being written */
};

enum sim_place {
    SIM_IN_FIRMWARE,
    SIM_AWAITS_SIPI,
    SIM_UNDER_WAY,
    SIM_PARKED,
    SIM_ENTERED,
    SIM_STRAY,
    SIM_DIED,
};

/** A CPU's moments, on its way to being on. */
enum sim_moment {
    SIM_SENT,      /* the message that woke it */
    SIM_DELIVERED, /* it got there */
    SIM_FIRST,     /* first instruction */
    SIM_IN,        /* in the park area */
    SIM_START_SENT,
    SIM_START_DELIVERED,
    SIM_ON,
    SIM_MOMENTS,
};

struct sim_cpu {
    struct sim_line line; /* the first of its slot: all words that others look at */
    struct sim_behaviour behaviour;
    enum sim_place place;
    uint32_t life;
    uint32_t slot;      /* that it stands in, or SIM_NONE */
    uint32_t occupant;  /* of the slot of this number: the CPU that stands in it, or SIM_NONE */
    uint32_t start;     /* where a hypervisor has started it while it was dead; 0: nowhere */
    uint64_t vmsa_phys; /* SEV-SNP: that it was created with; 0: it was not */
    bool awake;         /* in firmware: polls the mailbox */
    uint64_t stores_ns; /* when all that it has written is written */
    uint32_t sender[2]; /* who sent its wake, and its start */
    uint64_t at_ns[SIM_MOMENTS];
};

enum sim_kind {
    SIM_DO_INTERRUPT,   /* value: the command */
    SIM_DO_JUMP,        /* SEV-ES: firmware's far jump through the table */
    SIM_DO_ENTER,       /* value: where */
    SIM_DO_PARK,        /* its set-up is done */
    SIM_DO_LOOK,        /* at the mailbox, out of its sleep */
    SIM_DO_ACKNOWLEDGE, /* the mailbox's command */
};

#define SIM_GLOBAL_LINES 8
#define SIM_RANGES_MAX   32

struct sim {
    const struct sim_setup *setup;
    const struct sim_costs *costs;
    const char *trouble; /* NULL: none */

    struct muster_platform platform;
    struct muster_machine machine;
    struct muster_plan plan;
    struct muster_slot *slots;
    struct muster_idt *idt;

    struct sim_cpu *cpus; /* those of the tables, then the uncounted */
    uint32_t cpu_count;   /* of both */
    uint32_t current;     /* whose code runs */
    bool in_event;
    uint64_t now_ns; /* on that CPU */
    struct sim_heap heap;

    /* Lines of words that are in no slot, as they are met. */
    struct {
        uintptr_t number;
        struct sim_line line;
    } globals[SIM_GLOBAL_LINES];
    uint32_t global_count;

    /* Memory that has physical addresses. */
    uint8_t *entry;
    uint64_t entry_phys, entry_bytes;
    uint8_t *call_page;
    uint8_t *jump_table;
    uint8_t *vmsas;
    bool *is_vmsa; /* by page of them, as the processor has it */
    uint64_t vmsa_phys, vmsa_bytes;
    struct muster_memory_range ranges[SIM_RANGES_MAX];
    struct muster_memory_map map;
    struct muster_custody custody;
    bool prepared, tried;
    uint64_t free_bytes;     /* at the beginning */
    uint64_t clock_stops_ns; /* a moment; 0: never */
    uint64_t waits;          /* turns of the wait hook */
    uint64_t waits_max;      /* more are without end */

    /* The firmware behind the mailbox. */
    struct mailbox *mailbox;
    bool command_seen;   /* the one that is there now */
    bool takes_next;     /* somebody is about to take a command that is not his */
    uint32_t pollers;    /* CPUs that are awake at it */
    uint64_t settled_ns; /* until then they all read it anew */

    struct sim_result *result;
};

/* A clock that stands ends a wait by MUSTER_STANDSTILL_TURNS; one CPU costs three waits at most. */
#define SIM_WAITS_TRY (6ull * MUSTER_STANDSTILL_TURNS)
#define SIM_WAITS_RUN (64ull * MUSTER_STANDSTILL_TURNS) /* of the largest machine */

/** What is wrong with a setup, or NULL (run.c). */
const char *sim_check(const struct sim_setup *setup);

/* ---- Time (time.c) ---- */

static inline uint64_t sim_later(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

/** So much work of the current CPU. */
void sim_spend(struct sim *sim, uint64_t ns);

/** Happens to @cpu at @time_ns, unless an INIT comes first. */
void sim_at(struct sim *sim, uint64_t time_ns, uint32_t cpu, enum sim_kind kind, uint32_t value);

/** The next event, if there is one by @until_ns. */
bool sim_happen(struct sim *sim, uint64_t until_ns);

/** A number that depends on the seed, the CPU and @what alone. */
uint64_t sim_random(const struct sim *sim, uint32_t cpu, uint32_t what);

/** @ns, more or less: each CPU's own. */
uint64_t sim_jitter(const struct sim *sim, uint32_t cpu, uint32_t what, uint64_t ns);

/* ---- Caches (lines.c) ---- */

uint32_t sim_node(const struct sim *sim, uint32_t cpu);

/** @near in the current CPU's node, @far elsewhere. */
uint64_t sim_by_distance(const struct sim *sim, uint32_t cpu, uint64_t near, uint64_t far);

/** The current CPU reads memory that is in no cache, so many lines, one after the other. */
void sim_read_memory(struct sim *sim, uint64_t lines);

/** The machine whose words sim_touch() is told of; NULL: nobody's. */
void sim_watch(struct sim *sim);

/* ---- CPUs (cpu.c) ---- */

void sim_cpu_happen(struct sim *sim, uint32_t cpu, enum sim_kind kind, uint32_t value);

/** Its first instruction is at @address, @ns from now. */
void sim_cpu_begin(struct sim *sim, uint32_t cpu, uint64_t ns, uint32_t address);

/** What the APIC of this CPU says. */
uint32_t sim_live_id(const struct sim *sim, uint32_t cpu);

/** The first that says it has this ID; SIM_NONE: nobody does. */
uint32_t sim_cpu_of_id(const struct sim *sim, uint32_t apic_id);

/** The current CPU writes the ICR. */
void sim_send(struct sim *sim, uint32_t dest, uint32_t command);

/* ---- The firmware (firmware.c) ---- */

/** The BSP has done something: is there a new command? */
void sim_firmware_watch(struct sim *sim);
void sim_firmware_look(struct sim *sim, uint32_t cpu);
void sim_firmware_acknowledge(struct sim *sim, uint32_t cpu);

/** This CPU into its loop, or all that live. */
void sim_firmware_enter(struct sim *sim, uint32_t cpu);
void sim_firmware_begin(struct sim *sim);

/* ---- An SEV guest's processor and hypervisor (sev.c) ---- */

static inline bool sim_is_sev(const struct sim *sim)
{
    return sim->setup->way == SIM_SNP || sim->setup->way == SIM_ES_JUMP_TABLE;
}

/** SEV_STATUS; 0 where there is no SEV. */
uint64_t sim_sev_status(const struct sim *sim);
void sim_vmgexit(struct sim *sim, struct muster_vmgexit *exit);
uint32_t sim_rmpadjust(struct sim *sim, uint64_t phys, uint64_t attributes);

/** The VMSA at @phys as the guest may write it; NULL: there is none, or it is the processor's. */
void *sim_vmsa_map(struct sim *sim, uint64_t phys);

/** Whether the VMSA that this CPU was created with is one still; else nothing runs it. */
bool sim_vmsa_runs(const struct sim *sim, const struct sim_cpu *cpu);

/** Firmware's far jump of this CPU: where it leads to, at this moment. */
uint32_t sim_jump_target(const struct sim *sim, const struct sim_cpu *cpu);

/* ---- The platform (platform.c, build.c) ---- */

void sim_platform_init(struct sim *sim);
uint64_t sim_hypercall(struct sim *sim, uint64_t control);
void *sim_map(void *context, uint64_t phys, size_t bytes);

/** Storage, CPUs, firmware; false: sim->trouble says why not. */
bool sim_build(struct sim *sim);

/** Everything of the library's up to and with muster_prepare(); which step failed, or NULL. */
const char *sim_prepare(struct sim *sim, enum muster_status *status);
void sim_free(struct sim *sim);

/* ---- Memory (memory.c) ---- */

/** A map as firmware gives it; the mailbox lies in it as memory that is said to be usable. */
void sim_memory_describe(struct sim *sim);

/** Entry memory for the plan's way, as low as that wants it; and memory for VMSAs. */
enum muster_status sim_memory_take_entry(struct sim *sim);
enum muster_status sim_memory_take_vmsas(struct sim *sim);

/** As a kernel after each adoption: what no CPU needs any longer is given back. */
void sim_memory_settle(struct sim *sim);

/** Memory that is neither free nor held by right. */
uint64_t sim_memory_lost_bytes(const struct sim *sim);

/* ---- Strategies (strategy.c) ---- */

/** Bring all CPUs up, and note when. */
void sim_bring_up(struct sim *sim);

/** On the current CPU: it is parked, or on, and may have others to send for. */
void sim_strategy_in(struct sim *sim);
void sim_strategy_on(struct sim *sim);

/* ---- The last CPU's way (path.c) ---- */

/** Of a bring-up in two phases, from @begin_ns on. */
void sim_path_of_phases(struct sim *sim, uint64_t begin_ns, uint64_t adopted_ns, uint64_t end_ns);

/** Of CPU after CPU: @cpu took from @begin_ns to @end_ns. */
void sim_path_add(struct sim *sim, uint32_t cpu, uint64_t begin_ns, uint64_t end_ns);

#endif
