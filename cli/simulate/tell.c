/* What the simulation found: tables for people, and an object for programs. */
#include "cli/base/table.h"
#include "cli/simulate/simulation.h"
#include "cli/timeline/axis.h"

#define SCHEMA "muster.simulate/1"

static const char *strategy_name(const struct simulation *simulation, guint strategy)
{
    return sim_strategy_names[simulation->strategies[strategy]];
}

/* ---- Tables ---- */

static void add_duration(struct table *table, uint64_t ns, const char *mark)
{
    char *text = axis_duration((gint64)ns);
    table_cell(table, "%s%s", text, mark);
    g_free(text);
}

static void print_times(const struct simulation *simulation, FILE *out)
{
    GString *headings = g_string_new("strategy");
    for (guint size = 0; size < simulation->size_count; size++)
        g_string_append_printf(headings, "|>%u", simulation->sizes[size]);
    struct table *table = table_new(headings->str);
    g_string_free(headings, TRUE);
    for (guint i = 0; i < simulation->strategy_count; i++) {
        table_cell(table, "%s", strategy_name(simulation, i));
        for (guint size = 0; size < simulation->size_count; size++)
            add_duration(table, simulation->results[i][size].on_ns,
                         simulation_fastest(simulation, size) == i ? "*" : " ");
    }
    table_print(table, out);
    table_free(table);
}

static void print_paths(const struct simulation *simulation, FILE *out)
{
    guint size = simulation->size_count - 1;
    GString *headings = g_string_new("strategy");
    for (guint part = 0; part < SIM_PARTS; part++)
        g_string_append_printf(headings, "|>%s", sim_part_names[part]);
    struct table *table = table_new(headings->str);
    g_string_free(headings, TRUE);
    for (guint i = 0; i < simulation->strategy_count; i++) {
        table_cell(table, "%s", strategy_name(simulation, i));
        for (guint part = 0; part < SIM_PARTS; part++) {
            uint64_t ns = simulation->results[i][size].part_ns[part];
            if (ns)
                add_duration(table, ns, "");
            else
                table_cell(table, "-");
        }
    }
    table_print(table, out);
    table_free(table);
}

void simulation_print(const struct simulation *simulation, FILE *out)
{
    fprintf(out, "From the first wake to all CPUs on, by %s (*: the fastest):\n\n",
            sim_way_names[simulation->way]);
    print_times(simulation, out);
    fprintf(out, "\nWhat the last of %u CPUs waited for:\n\n",
            simulation->sizes[simulation->size_count - 1]);
    print_paths(simulation, out);
    fprintf(out,
            "\nseed %" G_GUINT64_FORMAT "; what each strategy, part and cost is: "
            "docs/simulate.md\n",
            simulation->seed);
}

/* ---- JSON ---- */

static JsonObject *costs_json(const struct sim_costs *costs)
{
    JsonObject *object = json_object_new();
    for (const struct sim_cost *cost = sim_cost_list; cost->name; cost++)
        json_object_set_int_member(object, cost->name, (gint64)sim_cost_get(costs, cost));
    return object;
}

static JsonObject *run_json(const struct simulation *simulation, guint strategy, guint size)
{
    const struct sim_result *result = &simulation->results[strategy][size];
    JsonObject *object = json_object_new(), *parts = json_object_new();
    struct sim_setup setup;
    simulation_setup(simulation, strategy, size, &setup);
    json_object_set_int_member(object, "cpus", setup.cpus);
    json_object_set_int_member(object, "nodes", setup.nodes);
    json_object_set_string_member(object, "strategy", strategy_name(simulation, strategy));
    json_object_set_boolean_member(object, "fastest",
                                   simulation_fastest(simulation, size) == strategy);
    json_object_set_int_member(object, "adopted_ns", (gint64)result->adopted_ns);
    json_object_set_int_member(object, "on_ns", (gint64)result->on_ns);
    for (guint part = 0; part < SIM_PARTS; part++)
        json_object_set_int_member(parts, sim_part_names[part], (gint64)result->part_ns[part]);
    json_object_set_object_member(object, "path_ns", parts);
    json_object_set_int_member(object, "interrupts_sent", (gint64)result->sends);
    json_object_set_int_member(object, "events", (gint64)result->events);
    return object;
}

JsonObject *simulation_json(const struct simulation *simulation)
{
    JsonObject *object = json_object_new();
    JsonArray *runs = json_array_new();
    struct sim_setup setup;
    simulation_setup(simulation, 0, 0, &setup);
    for (guint size = 0; size < simulation->size_count; size++)
        for (guint i = 0; i < simulation->strategy_count; i++)
            json_array_add_object_element(runs, run_json(simulation, i, size));
    json_object_set_string_member(object, "schema", SCHEMA);
    json_object_set_string_member(object, "verb", "simulate");
    json_object_set_string_member(object, "way", sim_way_names[simulation->way]);
    json_object_set_int_member(object, "seed", (gint64)simulation->seed);
    json_object_set_int_member(object, "fanout", setup.fanout);
    json_object_set_object_member(object, "costs", costs_json(&simulation->costs));
    json_object_set_array_member(object, "runs", runs);
    return object;
}
