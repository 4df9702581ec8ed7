/* muster simulate: what a bring-up takes on machines that are not there. */
#include <stdio.h>

#include "cli/base/files.h"
#include "cli/base/members.h"
#include "cli/base/output.h"
#include "cli/cli.h"
#include "cli/simulate/picture.h"
#include "cli/timeline/picture_file.h"

struct request {
    char *cpus, *strategies, *costs, *json, *picture;
    const char *way;
    unsigned nodes, fanout;
    guint64 seed;
};

#define AT(member) offsetof(struct request, member)

static const struct option machines[] = {
    {.name = "cpus",
     .kind = OPTION_TEXT,
     .place = AT(cpus),
     .value = "N[,N...]",
     .help = "How many CPUs, each 2 to 65536, rising (64,255,1024,4096,16384,65536)"},
    {.name = "nodes",
     .kind = OPTION_NUMBER,
     .place = AT(nodes),
     .value = "N",
     .help = "Over so many NUMA nodes (one for each 128 CPUs)",
     .least = 1,
     .most = SIM_MAX_CPUS},
    {.name = "costs",
     .kind = OPTION_FILE,
     .place = AT(costs),
     .value = "FILE",
     .help = "What things cost there: JSON, or lines of name = value"},
    {.name = "seed",
     .kind = OPTION_LONG_NUMBER,
     .place = AT(seed),
     .value = "N",
     .help = "What differs from CPU to CPU; the same number, the same result (1)",
     .most = G_MAXINT64},
    {.name = NULL},
};

static const struct option choices[] = {
    {.name = "way",
     .kind = OPTION_WORD,
     .place = AT(way),
     .words = sim_way_names,
     .help = "How the CPUs are woken (sipi)"},
    {.name = "strategy",
     .kind = OPTION_TEXT,
     .place = AT(strategies),
     .value = "NAME[,NAME...]",
     .help = "Some of classic, serial, pipelined, broadcast, fanout, node (all that the way has)"},
    {.name = "fanout",
     .kind = OPTION_NUMBER,
     .place = AT(fanout),
     .value = "N",
     .help = "With the strategy fanout each CPU sends for so many others (8)",
     .least = 1,
     .most = SIM_MAX_FANOUT},
    {.name = NULL},
};

static const struct option output[] = {
    {.name = "json",
     .kind = OPTION_FILE,
     .place = AT(json),
     .value = "FILE",
     .help = "Write the results there; with \"-\" to stdout, and all else to stderr"},
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_FILE,
     .place = AT(picture),
     .value = "FILE",
     .help = "Draw them there: .svg, .png or .pdf"},
    {.name = NULL},
};

static const struct option_group group_machines = {"The machines", machines};
static const struct option_group group_choices = {"What is compared", choices};
static const struct option_group group_output = {"What it leaves", output};
static const struct option_group *const groups[] = {&group_machines, &group_choices, &group_output,
                                                    NULL};

static struct simulation *make_simulation(const struct request *request, GError **error)
{
    struct simulation *simulation = g_new0(struct simulation, 1);
    simulation->way = (enum sim_way)option_word_index(sim_way_names, request->way);
    simulation->nodes = request->nodes;
    simulation->fanout = request->fanout;
    simulation->seed = request->seed;
    sim_costs_init(&simulation->costs);
    if (simulation_set_sizes(simulation, request->cpus, error) &&
        simulation_set_strategies(simulation, request->strategies, error) &&
        (!request->costs || simulation_read_costs(simulation, request->costs, error)))
        return simulation;
    g_free(simulation);
    return NULL;
}

static bool write_json(const char *path, const struct simulation *simulation, GError **error)
{
    JsonObject *object = simulation_json(simulation);
    bool good = members_write_report(path, object, error);
    json_object_unref(object);
    return good;
}

static bool check_outputs(const struct request *request, GError **error)
{
    if ((request->picture && !picture_check_output(request->picture, error)) ||
        !option_is_apart("output", request->picture, request->costs, error) ||
        !option_is_apart("output", request->picture, request->json, error) ||
        !option_is_apart("json", request->json, request->costs, error))
        return false;
    if (output_is_standard(request->json))
        return output_reserve_standard(error);
    return files_check_output("report", request->json, error);
}

static bool write_outputs(const struct request *request, const struct simulation *simulation,
                          GError **error)
{
    return (!request->json || write_json(request->json, simulation, error)) &&
           (!request->picture || simulation_write_picture(simulation, request->picture, error));
}

static void run(const struct request *request, GError **error)
{
    struct simulation *simulation = make_simulation(request, error);
    if (!simulation)
        return;
    if (check_outputs(request, error) && simulation_run(simulation, error)) {
        simulation_print(simulation, stdout);
        write_outputs(request, simulation, error);
    }
    g_free(simulation);
}

static int simulate(const struct verb *verb, int argc, char **argv)
{
    struct request request = {.seed = 1};
    GError *error = NULL;
    char **operands = option_parse(verb->groups, &request, argc, argv, &error);
    if (operands && operands[0])
        option_refuse(&error, "'%s' is one argument too many", operands[0]);
    if (!error)
        run(&request, &error);
    int status = error ? cli_report_error(error) : CLI_OK;
    g_clear_error(&error);
    g_free(operands);
    option_clear(verb->groups, &request);
    return status;
}

const struct verb verb_simulate = {
    .name = "simulate",
    .operands = "",
    .summary = "Compare how to bring up 2 to 65536 CPUs, on machines that are simulated.",
    .text = "The library's own orchestrator runs on a model of a machine whose costs are stated: "
            "interrupts, cache lines, resets, the CPUs' own work. Two tables tell how long each "
            "strategy takes until all CPUs are on, and what the last of them waited for. The same "
            "arguments give the same result. The strategies, the parts of the path, the costs and "
            "where they are from: docs/simulate.md.\n\n"
            "Exit status: 0 it is told; 1 a CPU did not come within the library's time-out; 2 "
            "wrong usage; 3 a file cannot be read or written, or memory is too small.",
    .groups = groups,
    .run = simulate,
};
