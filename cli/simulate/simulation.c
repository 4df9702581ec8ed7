#include "cli/simulate/simulation.h"

#include "cli/base/lists.h"
#include "cli/cli.h"

static const uint32_t standard_sizes[] = {64, 255, 1024, 4096, 16384, 65536};

/* ---- The lists ---- */

/* As many of them as can be had by the way. */
static void take_standard_sizes(struct simulation *simulation)
{
    for (size_t i = 0; i < G_N_ELEMENTS(standard_sizes); i++)
        if (standard_sizes[i] <= sim_way_most_cpus(simulation->way))
            simulation->sizes[simulation->size_count++] = standard_sizes[i];
}

bool simulation_set_sizes(struct simulation *simulation, const char *text, GError **error)
{
    const struct lists_sizes sizes = {.least = SIM_MIN_CPUS,
                                      .most = sim_way_most_cpus(simulation->way),
                                      .room = SIMULATION_MAX_SIZES,
                                      .sizes = simulation->sizes,
                                      .count = &simulation->size_count};
    if (!text)
        take_standard_sizes(simulation);
    else if (!lists_read_sizes("cpus", text, &sizes, error))
        return false;
    return simulation->nodes <= simulation->sizes[0] ||
           option_refuse(error, "--nodes %u: more than the %u CPUs of --cpus", simulation->nodes,
                         simulation->sizes[0]);
}

static bool take_strategies(struct simulation *simulation, const guint *places, guint count,
                            GError **error)
{
    for (guint i = 0; i < count; i++) {
        enum sim_strategy strategy = (enum sim_strategy)places[i];
        if (!sim_way_offers(simulation->way, strategy))
            return option_refuse(error, "--strategy: %s is none of the way %s",
                                 sim_strategy_names[strategy], sim_way_names[simulation->way]);
        simulation->strategies[simulation->strategy_count++] = strategy;
    }
    return true;
}

bool simulation_set_strategies(struct simulation *simulation, const char *text, GError **error)
{
    guint places[SIM_STRATEGIES], count = 0;
    if (text)
        return lists_read_names("strategy", text, sim_strategy_names, places, &count, error) &&
               take_strategies(simulation, places, count, error);
    for (guint i = 0; i < SIM_STRATEGIES; i++)
        if (sim_way_offers(simulation->way, (enum sim_strategy)i))
            simulation->strategies[simulation->strategy_count++] = (enum sim_strategy)i;
    return true;
}

/* ---- The runs ---- */

void simulation_setup(const struct simulation *simulation, guint strategy, guint size,
                      struct sim_setup *setup)
{
    sim_setup_init(setup, simulation->sizes[size], simulation->way,
                   simulation->strategies[strategy]);
    setup->costs = simulation->costs;
    setup->seed = simulation->seed;
    if (simulation->nodes)
        setup->nodes = simulation->nodes;
    if (simulation->fanout)
        setup->fanout = simulation->fanout;
}

static bool run_one(struct simulation *simulation, guint strategy, guint size, GError **error)
{
    struct sim_result *result = &simulation->results[strategy][size];
    struct sim_setup setup;
    simulation_setup(simulation, strategy, size, &setup);
    const char *trouble = sim_run(&setup, result);
    if (trouble) {
        g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT, "%u CPUs by %s, %s: %s", setup.cpus,
                    sim_way_names[setup.way], sim_strategy_names[setup.strategy], trouble);
        return false;
    }
    if (!result->failed)
        return true;
    g_set_error(error, CLI_ERROR, CLI_FAILED,
                "%u CPUs by %s, %s: %u of them did not come within the library's time-out; the "
                "costs that were given are too high for it",
                setup.cpus, sim_way_names[setup.way], sim_strategy_names[setup.strategy],
                result->failed);
    return false;
}

bool simulation_run(struct simulation *simulation, GError **error)
{
    for (guint size = 0; size < simulation->size_count; size++)
        for (guint strategy = 0; strategy < simulation->strategy_count; strategy++)
            if (!run_one(simulation, strategy, size, error))
                return false;
    return true;
}

guint simulation_fastest(const struct simulation *simulation, guint size)
{
    guint fastest = 0;
    for (guint i = 1; i < simulation->strategy_count; i++)
        if (simulation->results[i][size].on_ns < simulation->results[fastest][size].on_ns)
            fastest = i;
    return fastest;
}
