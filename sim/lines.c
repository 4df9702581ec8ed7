/*
 * Cache lines, one owner each, and what it takes to get one. Loads that miss overlap; stores do so
 * behind the CPU's back, until the store buffer is full or something drains it; a locked operation
 * does neither, and those of several CPUs on one line come one after the other.
 */
#include "lib/atomic.h"
#include "sim/machine.h"

#define LINE_BYTES   64u
#define STORE_BUFFER 56u /* Intel's processors since Skylake (Optimization Manual, 2.6) */

static struct sim *watched;

void sim_watch(struct sim *sim)
{
    watched = sim;
}

uint32_t sim_node(const struct sim *sim, uint32_t cpu)
{
    return (uint32_t)((uint64_t)cpu * sim->setup->nodes / sim->setup->cpus);
}

uint64_t sim_by_distance(const struct sim *sim, uint32_t cpu, uint64_t near, uint64_t far)
{
    return sim_node(sim, cpu) == sim_node(sim, sim->current) ? near : far;
}

void sim_read_memory(struct sim *sim, uint64_t lines)
{
    const struct sim_costs *costs = sim->costs;
    sim_spend(sim,
              lines * sim_by_distance(sim, SIM_BSP, costs->memory_near_ns, costs->memory_far_ns));
}

/* The line that @word is in: of a slot, or one of few others. NULL: nobody shares it. */
static struct sim_line *line_of(struct sim *sim, const void *word)
{
    uintptr_t at = (uintptr_t)word, slots = (uintptr_t)sim->slots;
    if (at - slots < (uintptr_t)sim->setup->cpus * MUSTER_SLOT_BYTES)
        return (at - slots) % MUSTER_SLOT_BYTES < LINE_BYTES
                   ? &sim->cpus[(at - slots) / MUSTER_SLOT_BYTES].line
                   : NULL;
    bool is_machine = at - (uintptr_t)&sim->machine < sizeof(sim->machine);
    bool is_mailbox = at - (uintptr_t)sim->mailbox < sizeof(*sim->mailbox);
    if (!is_machine && !is_mailbox)
        return NULL; /* on somebody's stack */
    for (uint32_t i = 0; i < sim->global_count; i++)
        if (sim->globals[i].number == at / LINE_BYTES)
            return &sim->globals[i].line;
    if (sim->global_count == SIM_GLOBAL_LINES)
        return NULL;
    sim->globals[sim->global_count].number = at / LINE_BYTES;
    sim->globals[sim->global_count].line = (struct sim_line){SIM_BSP, SIM_NONE, 0};
    return &sim->globals[sim->global_count++].line;
}

static uint64_t transfer_ns(const struct sim *sim, const struct sim_line *line)
{
    return sim_by_distance(sim, line->owner, sim->costs->line_near_ns, sim->costs->line_far_ns);
}

static void load(struct sim *sim, struct sim_line *line)
{
    if (line->owner == sim->current || line->reader == sim->current) {
        sim_spend(sim, sim->costs->hit_ns);
        return;
    }
    line->reader = sim->current;
    if (line->free_ns > sim->now_ns)
        sim_spend(sim, line->free_ns - sim->now_ns);
    sim_spend(sim, transfer_ns(sim, line) / sim->costs->load_overlap);
}

static bool is_own(const struct sim *sim, const struct sim_line *line)
{
    return line->owner == sim->current && line->reader == SIM_NONE;
}

/* In their order: one that misses holds up those behind it, though all ask at once. */
static void store(struct sim *sim, struct sim_line *line)
{
    uint64_t *stores_ns = &sim->cpus[sim->current].stores_ns, miss_ns = 0;
    sim_spend(sim, sim->costs->hit_ns);
    *stores_ns = sim_later(sim->now_ns, *stores_ns);
    if (!is_own(sim, line)) {
        miss_ns = transfer_ns(sim, line) / sim->costs->load_overlap;
        *stores_ns = sim_later(*stores_ns, line->free_ns) + miss_ns;
    }
    *line = (struct sim_line){sim->current, SIM_NONE, *stores_ns};
    if (*stores_ns > sim->now_ns + STORE_BUFFER * miss_ns)
        sim_spend(sim, *stores_ns - sim->now_ns - STORE_BUFFER * miss_ns);
}

/* Drains the store buffer, too. */
static void swap(struct sim *sim, struct sim_line *line)
{
    uint64_t at_ns = sim_later(sim->now_ns, sim->cpus[sim->current].stores_ns);
    if (!is_own(sim, line))
        at_ns = sim_later(at_ns, line->free_ns) + transfer_ns(sim, line);
    at_ns += sim->costs->hit_ns;
    *line = (struct sim_line){sim->current, SIM_NONE, at_ns};
    sim_spend(sim, at_ns - sim->now_ns);
}

void sim_touch(const void *word, int access)
{
    struct sim_line *line = watched ? line_of(watched, word) : NULL;
    if (!line)
        return;
    switch ((enum atomic_access)access) {
    case ATOMIC_LOAD:
        load(watched, line);
        break;
    case ATOMIC_STORE:
        store(watched, line);
        break;
    case ATOMIC_SWAP:
        swap(watched, line);
        break;
    }
    if (watched->mailbox && !watched->in_event)
        sim_firmware_watch(watched);
}
