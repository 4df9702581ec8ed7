#include "sim/costs.h"

#include <string.h>

#define SECOND_NS 1000000000u

#define NS(field, standard)                                                                        \
    {                                                                                              \
#field, offsetof(struct sim_costs, field##_ns), standard, 0, SECOND_NS                     \
    }
#define COUNT(field, standard, least, most)                                                        \
    {                                                                                              \
#field, offsetof(struct sim_costs, field), standard, least, most                           \
    }

/* docs/simulate.md says where each value comes from. */
const struct sim_cost sim_cost_list[] = {
    NS(icr_write, 150),
    NS(ipi_near, 500),
    NS(ipi_far, 1000),
    NS(broadcast_step, 5),
    NS(reset, 10000),
    NS(halt_exit, 1000),
    NS(hit, 2),
    NS(line_near, 50),
    NS(line_far, 135),
    NS(memory_near, 90),
    NS(memory_far, 140),
    COUNT(load_overlap, 4, 1, 64),
    NS(entry, 500),
    NS(setup, 3000),
    COUNT(setup_lines, 60, 0, 1000000),
    NS(step, 300),
    NS(msr, 40),
    NS(cpuid, 50),
    NS(clock, 10),
    NS(look, 10000000),
    NS(poll, 50),
    NS(serve_near, 5),
    NS(serve_far, 20),
    NS(hypercall, 2000),
    NS(vp_start, 20000),
    NS(rmpadjust, 1000),
    NS(turn, 0),
    COUNT(jitter_percent, 10, 0, 90),
    {NULL, 0, 0, 0, 0},
};

static uint64_t *place_of(struct sim_costs *costs, const struct sim_cost *cost)
{
    return (uint64_t *)(void *)((char *)costs + cost->place);
}

void sim_costs_init(struct sim_costs *costs)
{
    for (const struct sim_cost *cost = sim_cost_list; cost->name; cost++)
        *place_of(costs, cost) = cost->standard;
}

const struct sim_cost *sim_cost_find(const char *name)
{
    for (const struct sim_cost *cost = sim_cost_list; cost->name; cost++)
        if (strcmp(cost->name, name) == 0)
            return cost;
    return NULL;
}

uint64_t sim_cost_get(const struct sim_costs *costs, const struct sim_cost *cost)
{
    return *(const uint64_t *)(const void *)((const char *)costs + cost->place);
}

bool sim_cost_set(struct sim_costs *costs, const struct sim_cost *cost, uint64_t value)
{
    if (value < cost->least || value > cost->most)
        return false;
    *place_of(costs, cost) = value;
    return true;
}
