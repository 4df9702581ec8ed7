/* How long each step took: of all CPUs, on a scale by powers of ten. */
#include "cli/timeline/draw.h"

#include <math.h>

#include "cli/base/order.h"

#define LEFT       (DRAW_MARGIN + 236)
#define RIGHT      (DRAW_WIDTH - DRAW_MARGIN - 270)
#define ROW_HEIGHT 24.0

static const struct {
    enum timeline_state state;
    const char *text;
} steps[] = {
    {TIMELINE_WOKEN, "wake sent → first instruction"},
    {TIMELINE_REAL_MODE, "first instruction → long mode"},
    {TIMELINE_LONG_MODE, "long mode → own tables"},
    {TIMELINE_OWN_TABLES, "own tables → parked"},
    {TIMELINE_PARKED, "parked → start sent"},
    {TIMELINE_STARTING, "start sent → on"},
};

struct scale {
    double least, most; /* powers of ten, in nanoseconds */
};

/* Each time that a CPU went all through @state in the bring-up, in order. */
static GArray *list_durations(const struct timeline *timeline, enum timeline_state state)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < timeline->cpus->len; i++) {
        const struct timeline_cpu *cpu = timeline_cpu(timeline, i);
        for (guint j = 0; j + 1 < cpu->spans->len && !cpu->bsp && !cpu->late; j++) {
            const struct timeline_span *span = &g_array_index(cpu->spans, struct timeline_span, j);
            gint64 length_ns = span->to_ns - span->from_ns;
            if (span->state == state && span[1].state == state + 1 &&
                span->to_ns <= timeline->bring_up_ns)
                g_array_append_val(list, length_ns);
        }
    }
    g_array_sort(list, order_by_number);
    return list;
}

static double scale_x(const struct scale *scale, gint64 ns)
{
    double power = log10((double)MAX(ns, 1));
    return LEFT + (power - scale->least) / (scale->most - scale->least) * (RIGHT - LEFT);
}

static void widen_scale(struct scale *scale, const GArray *list)
{
    if (list->len == 0)
        return;
    gint64 least = MAX(g_array_index(list, gint64, 0), 1);
    gint64 most = MAX(g_array_index(list, gint64, list->len - 1), 1);
    scale->least = MIN(scale->least, floor(log10((double)least)));
    scale->most = MAX(scale->most, ceil(log10((double)most)));
}

static void draw_scale(struct pen *pen, const struct scale *scale, double top, double bottom)
{
    static const struct pen_style tick = {PALETTE_MUTED, 11, false, PEN_MIDDLE};
    static const struct pen_style head = {PALETTE_MUTED, 11, false, PEN_RIGHT};
    static const char *const names[] = {"shortest", "median", "longest"};
    for (double power = scale->least; power <= scale->most; power++) {
        gint64 ns = (gint64)llround(pow(10, power));
        double x = scale_x(scale, ns);
        char *label = axis_duration(ns);
        pen_line(pen, PALETTE_GRID, 1, 0, x, top, x, bottom);
        pen_text(pen, &tick, x, top - 5, label);
        g_free(label);
    }
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        pen_text(pen, &head, RIGHT + 110 + 80 * i, top - 5, names[i]);
}

/* A dot for each CPU, and a line at the median. */
static void draw_step(struct pen *pen, const struct scale *scale, guint step, const GArray *list,
                      double y)
{
    static const struct pen_style name = {PALETTE_TEXT, 12, false, PEN_LEFT};
    static const struct pen_style number = {PALETTE_TEXT, 11, false, PEN_RIGHT};
    const struct draw_bars bars = {.pen = pen};
    const guint places[] = {0, list->len / 2, list->len - 1};
    double middle = y + ROW_HEIGHT / 2;
    enum timeline_state state = steps[step].state;
    pen_fill(pen, PALETTE_ROW, LEFT, y + 2, RIGHT - LEFT, ROW_HEIGHT - 4);
    pen_text(pen, &name, DRAW_MARGIN + 24, middle + 4, steps[step].text);
    draw_bar(&bars, state, DRAW_MARGIN, middle - 6, 16, 12);
    gint64 last_x = -1;
    for (guint i = 0; i < list->len; i++) {
        double x = scale_x(scale, g_array_index(list, gint64, i));
        /* A dot on a dot cannot be seen, and of thousands the file would be heavy. */
        if (llround(2 * x) != last_x)
            pen_dot(pen, (enum palette_part)state, x, middle, 3);
        last_x = llround(2 * x);
    }
    double median = scale_x(scale, g_array_index(list, gint64, places[1]));
    pen_line(pen, PALETTE_TEXT, 2, 0, median, y + 4, median, y + ROW_HEIGHT - 4);
    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        char *text = axis_duration(g_array_index(list, gint64, places[i]));
        pen_text(pen, &number, RIGHT + 110 + 80 * i, middle + 4, text);
        g_free(text);
    }
}

double draw_steps(struct pen *pen, const struct timeline *timeline, double y)
{
    static const struct pen_style title = {PALETTE_TEXT, 13, true, PEN_LEFT};
    GArray *lists[G_N_ELEMENTS(steps)];
    struct scale scale = {18, 0};
    guint shown = 0;
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        lists[i] = list_durations(timeline, steps[i].state);
        widen_scale(&scale, lists[i]);
        shown += lists[i]->len > 0;
    }
    scale.most = MAX(scale.most, scale.least + 1);
    double top = y + 44;
    if (shown > 0) {
        pen_text(pen, &title, DRAW_MARGIN, y + 22, "How long each step took");
        draw_scale(pen, &scale, top, top + shown * ROW_HEIGHT);
        y = top;
    }
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (lists[i]->len > 0) {
            draw_step(pen, &scale, i, lists[i], y);
            y += ROW_HEIGHT;
        }
        g_array_unref(lists[i]);
    }
    return y;
}
