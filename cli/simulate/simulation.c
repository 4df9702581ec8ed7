#include "cli/simulate/simulation.h"

#include <string.h>

#include "cli/base/words.h"
#include "cli/cli.h"

static const char standard_sizes[] = "64,255,1024,4096,16384,65536";

/* ---- The lists ---- */

static bool add_size(struct simulation *simulation, const char *word, GError **error)
{
    guint64 size;
    guint count = simulation->size_count;
    if (!g_ascii_string_to_unsigned(word, 10, SIM_MIN_CPUS, SIM_MAX_CPUS, &size, NULL))
        return option_refuse(error, "--cpus: '%s' is no number of CPUs; give %u to %u", word,
                             SIM_MIN_CPUS, SIM_MAX_CPUS);
    if (count == SIMULATION_MAX_SIZES)
        return option_refuse(error, "--cpus: at most %u numbers", SIMULATION_MAX_SIZES);
    if (count && simulation->sizes[count - 1] >= size)
        return option_refuse(error,
                             "--cpus: %s is not more than the number before it; give them "
                             "rising",
                             word);
    if (simulation->nodes > size)
        return option_refuse(error, "--nodes %u: more than the %s CPUs of --cpus",
                             simulation->nodes, word);
    simulation->sizes[simulation->size_count++] = (uint32_t)size;
    return true;
}

static bool add_strategy(struct simulation *simulation, const char *word, GError **error)
{
    guint strategy = 0;
    while (strategy < SIM_STRATEGIES && strcmp(sim_strategy_names[strategy], word) != 0)
        strategy++;
    if (strategy == SIM_STRATEGIES) {
        char *all = g_strjoinv(", ", (char **)(uintptr_t)sim_strategy_names);
        option_refuse(error, "--strategy: there is no '%s'; give some of %s", word, all);
        g_free(all);
        return false;
    }
    if (!sim_way_offers(simulation->way, (enum sim_strategy)strategy))
        return option_refuse(error, "--strategy: %s is none of the way %s", word,
                             sim_way_names[simulation->way]);
    for (guint i = 0; i < simulation->strategy_count; i++)
        if (simulation->strategies[i] == strategy)
            return option_refuse(error, "--strategy: %s is there twice", word);
    simulation->strategies[simulation->strategy_count++] = (enum sim_strategy)strategy;
    return true;
}

static bool add_each(struct simulation *simulation, const char *text, GError **error,
                     bool (*add)(struct simulation *, const char *, GError **))
{
    char **words = g_strsplit(text, ",", -1);
    bool good = words[0] || add(simulation, "", error);
    for (guint i = 0; good && words[i]; i++)
        good = add(simulation, words[i], error);
    g_strfreev(words);
    return good;
}

bool simulation_set_sizes(struct simulation *simulation, const char *text, GError **error)
{
    return add_each(simulation, text ? text : standard_sizes, error, add_size);
}

bool simulation_set_strategies(struct simulation *simulation, const char *text, GError **error)
{
    if (text)
        return add_each(simulation, text, error, add_strategy);
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
