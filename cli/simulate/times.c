/* The strategies' times over the number of CPUs. */
#include "cli/simulate/picture.h"
#include "cli/timeline/plot.h"

/* The strategies', which are told apart by more than their colours: each line has its name. */
static const enum palette_part colours[SIM_STRATEGIES] = {
    [SIM_CLASSIC] = (enum palette_part)TIMELINE_FAILED,
    [SIM_SERIAL] = (enum palette_part)TIMELINE_WOKEN,
    [SIM_PIPELINED] = (enum palette_part)TIMELINE_OWN_TABLES,
    [SIM_BROADCAST] = (enum palette_part)TIMELINE_ON,
    [SIM_FANOUT] = (enum palette_part)TIMELINE_LONG_MODE,
    [SIM_NODE] = (enum palette_part)TIMELINE_REAL_MODE,
};

static GArray *collect_points(const struct simulation *simulation, guint strategy)
{
    GArray *points = g_array_new(FALSE, FALSE, sizeof(struct plot_point));
    for (guint size = 0; size < simulation->size_count; size++) {
        gint64 ns = (gint64)simulation->results[strategy][size].on_ns;
        const struct plot_point point = {simulation->sizes[size], ns, ns, ns};
        g_array_append_val(points, point);
    }
    return points;
}

double simulation_draw_times(struct pen *pen, const struct simulation *simulation, double y)
{
    struct plot_line lines[SIM_STRATEGIES];
    for (guint i = 0; i < simulation->strategy_count; i++) {
        enum sim_strategy strategy = simulation->strategies[i];
        lines[i] = (struct plot_line){.name = sim_strategy_names[strategy],
                                      .part = colours[strategy],
                                      .bold = strategy == SIM_BROADCAST,
                                      .points = collect_points(simulation, i)};
    }
    const struct plot plot = {lines, simulation->strategy_count, simulation->sizes,
                              simulation->size_count};
    double end = plot_draw(pen, &plot, y);
    for (guint i = 0; i < simulation->strategy_count; i++)
        g_array_unref(lines[i].points);
    return end;
}
