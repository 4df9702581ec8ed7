/**
 * What muster simulate compares: strategies of one way to wake, over machines of several sizes.
 */
#ifndef CLI_SIMULATION_H
#define CLI_SIMULATION_H

#include <stdio.h>

#include <json-glib/json-glib.h>

#include "sim/sim.h"

#define SIMULATION_MAX_SIZES 32

struct simulation {
    enum sim_way way;
    uint32_t sizes[SIMULATION_MAX_SIZES]; /* numbers of CPUs, rising */
    guint size_count;
    enum sim_strategy strategies[SIM_STRATEGIES];
    guint strategy_count;
    unsigned nodes; /* 0: by the number of CPUs */
    unsigned fanout;
    guint64 seed;
    struct sim_costs costs;

    struct sim_result results[SIM_STRATEGIES][SIMULATION_MAX_SIZES]; /* by place in the lists */
};

/** Fill the lists from "64,255" and "serial,broadcast"; NULL: the standard ones. CLI_USAGE. */
bool simulation_set_sizes(struct simulation *simulation, const char *text, GError **error);
bool simulation_set_strategies(struct simulation *simulation, const char *text, GError **error);

/** Costs from a file, JSON or lines of "name = value". CLI_ENVIRONMENT. */
bool simulation_read_costs(struct simulation *simulation, const char *path, GError **error);

/** What one run is of. */
void simulation_setup(const struct simulation *simulation, guint strategy, guint size,
                      struct sim_setup *setup);

/** Run them all. CLI_USAGE, CLI_ENVIRONMENT; CLI_FAILED if a CPU did not come. */
bool simulation_run(struct simulation *simulation, GError **error);

/** The place in the list of the strategy that is fastest at this size. */
guint simulation_fastest(const struct simulation *simulation, guint size);

void simulation_print(const struct simulation *simulation, FILE *out);
JsonObject *simulation_json(const struct simulation *simulation);

#endif
