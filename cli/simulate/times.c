/* Lines of the times over the number of CPUs, both axes logarithmic. */
#include <math.h>

#include "cli/simulate/picture.h"
#include "cli/timeline/draw.h"

#define HEIGHT       380.0
#define AXIS_WIDTH   64.0  /* left of the plot, for its labels */
#define NAMES_WIDTH  150.0 /* right of it, for the strategies' */
#define LABEL_HEIGHT 16.0
#define MAX_DECADES  16

static const struct pen_style tick_style = {PALETTE_MUTED, 11, false, PEN_RIGHT};
static const struct pen_style size_style = {PALETTE_MUTED, 11, false, PEN_MIDDLE};

/* The strategies', which are told apart by more than their colours: each line has its name. */
static const enum palette_part colours[SIM_STRATEGIES] = {
    [SIM_CLASSIC] = (enum palette_part)TIMELINE_FAILED,
    [SIM_SERIAL] = (enum palette_part)TIMELINE_WOKEN,
    [SIM_PIPELINED] = (enum palette_part)TIMELINE_OWN_TABLES,
    [SIM_BROADCAST] = (enum palette_part)TIMELINE_ON,
    [SIM_FANOUT] = (enum palette_part)TIMELINE_LONG_MODE,
    [SIM_NODE] = (enum palette_part)TIMELINE_REAL_MODE,
};

struct plot {
    double left, right, top, bottom;
    double from, to; /* log10 of nanoseconds: whole decades */
    double few, many;
};

static double time_y(const struct plot *plot, uint64_t ns)
{
    double share = (log10((double)MAX(ns, 1)) - plot->from) / (plot->to - plot->from);
    return plot->bottom - share * (plot->bottom - plot->top);
}

static double size_x(const struct plot *plot, uint32_t cpus)
{
    if (plot->many <= plot->few)
        return (plot->left + plot->right) / 2;
    double share = (log2(cpus) - plot->few) / (plot->many - plot->few);
    return plot->left + share * (plot->right - plot->left);
}

static struct plot make_plot(const struct simulation *simulation, double y)
{
    uint64_t least = UINT64_MAX, most = 1;
    for (guint i = 0; i < simulation->strategy_count; i++)
        for (guint size = 0; size < simulation->size_count; size++) {
            least = MIN(least, simulation->results[i][size].on_ns);
            most = MAX(most, simulation->results[i][size].on_ns);
        }
    struct plot plot = {
        .left = DRAW_MARGIN + AXIS_WIDTH,
        .right = DRAW_WIDTH - DRAW_MARGIN - NAMES_WIDTH,
        .top = y,
        .bottom = y + HEIGHT,
        .from = floor(log10((double)MAX(least, 1))),
        .to = ceil(log10((double)most)),
        .few = log2(simulation->sizes[0]),
        .many = log2(simulation->sizes[simulation->size_count - 1]),
    };
    if (plot.to <= plot.from)
        plot.to = plot.from + 1;
    return plot;
}

static void draw_grid(struct pen *pen, const struct simulation *simulation, const struct plot *plot)
{
    uint64_t ns = (uint64_t)pow(10, plot->from);
    for (double decade = plot->from; decade <= plot->to; decade++, ns *= 10) {
        char *label = axis_duration((gint64)ns);
        pen_line(pen, PALETTE_GRID, 1, 0, plot->left, time_y(plot, ns), plot->right,
                 time_y(plot, ns));
        pen_text(pen, &tick_style, plot->left - 8, time_y(plot, ns) + 4, label);
        g_free(label);
    }
    double label_ends = 0;
    for (guint size = 0; size < simulation->size_count; size++) {
        double x = size_x(plot, simulation->sizes[size]);
        char *label = g_strdup_printf("%u", simulation->sizes[size]);
        double width = pen_text_width(pen, &size_style, label);
        pen_line(pen, PALETTE_GRID, 1, 3, x, plot->top, x, plot->bottom);
        if (x - width / 2 > label_ends) {
            pen_text(pen, &size_style, x, plot->bottom + 18, label);
            label_ends = x + width / 2 + 6;
        }
        g_free(label);
    }
    pen_text(pen, &size_style, (plot->left + plot->right) / 2, plot->bottom + 36, "CPUs");
}

static void draw_line(struct pen *pen, const struct simulation *simulation, const struct plot *plot,
                      guint strategy)
{
    enum palette_part part = colours[simulation->strategies[strategy]];
    double before_x = 0, before_y = 0;
    for (guint size = 0; size < simulation->size_count; size++) {
        double x = size_x(plot, simulation->sizes[size]);
        double y = time_y(plot, simulation->results[strategy][size].on_ns);
        if (size)
            pen_line(pen, part, 2, 0, before_x, before_y, x, y);
        pen_dot(pen, part, x, y, 3.5);
        before_x = x;
        before_y = y;
    }
}

/*
 * From the slowest, which is at the top, down: a name that has no room goes lower, but leaves room
 * for those to come.
 */
static void draw_names(struct pen *pen, const struct simulation *simulation,
                       const struct plot *plot)
{
    guint last = simulation->size_count - 1;
    double free_y = plot->top - LABEL_HEIGHT;
    bool done[SIM_STRATEGIES] = {false};
    for (guint named = 0; named < simulation->strategy_count; named++) {
        guint next = SIM_STRATEGIES;
        for (guint i = 0; i < simulation->strategy_count; i++)
            if (!done[i] && (next == SIM_STRATEGIES || simulation->results[i][last].on_ns >
                                                           simulation->results[next][last].on_ns))
                next = i;
        uint64_t ns = simulation->results[next][last].on_ns;
        guint to_come = simulation->strategy_count - 1 - named;
        double at = time_y(plot, ns), lowest = plot->bottom - LABEL_HEIGHT * to_come;
        double y = MAX(MIN(at, lowest), free_y + LABEL_HEIGHT);
        enum sim_strategy strategy = simulation->strategies[next];
        const struct pen_style style = {PALETTE_TEXT, 12, strategy == SIM_BROADCAST, PEN_LEFT};
        char *duration = axis_duration((gint64)ns);
        char *label = g_strdup_printf("%s  %s", sim_strategy_names[strategy], duration);
        double x = size_x(plot, simulation->sizes[last]);
        pen_line(pen, colours[strategy], 1, 0, x + 6, at, x + 18, y);
        pen_text(pen, &style, x + 22, y + 4, label);
        g_free(label);
        g_free(duration);
        free_y = y;
        done[next] = true;
    }
}

double simulation_draw_times(struct pen *pen, const struct simulation *simulation, double y)
{
    struct plot plot = make_plot(simulation, y);
    draw_grid(pen, simulation, &plot);
    for (guint i = 0; i < simulation->strategy_count; i++)
        draw_line(pen, simulation, &plot, i);
    draw_names(pen, simulation, &plot);
    return plot.bottom + 44;
}
