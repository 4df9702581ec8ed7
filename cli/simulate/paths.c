/* For each strategy a bar: on what the last CPU waited, as shares of the whole. */
#include "cli/simulate/picture.h"
#include "cli/timeline/draw.h"

#define NAME_WIDTH 92.0
#define TIME_WIDTH 72.0
#define BAR_HEIGHT 18.0
#define ROW_HEIGHT 27.0
#define KEY_HEIGHT 20.0
#define SWATCH     11.0
#define LEAST_LABEL                                                                                \
    0.055 /* of the bar's width: a part that is narrower has no share written in                   \
           */

static const struct {
    enum palette_part part;
    const char *text;
} looks[SIM_PARTS] = {
    [SIM_PART_WAKES] = {(enum palette_part)TIMELINE_WOKEN, "wakes: others were sent for first"},
    [SIM_PART_DELAYS] = {(enum palette_part)TIMELINE_FAILED, "delays that are prescribed"},
    [SIM_PART_DELIVERY] = {(enum palette_part)TIMELINE_AWAY, "delivery: messages under way"},
    [SIM_PART_RESET] = {(enum palette_part)TIMELINE_REAL_MODE, "reset to first instruction"},
    [SIM_PART_SETUP] = {(enum palette_part)TIMELINE_LONG_MODE, "set-up, to the park area"},
    [SIM_PART_NOTICE] = {(enum palette_part)TIMELINE_PARKED, "notice: the BSP looks at all"},
    [SIM_PART_STARTS] = {(enum palette_part)TIMELINE_OWN_TABLES, "starts: others were told first"},
    [SIM_PART_LEAVE] = {(enum palette_part)TIMELINE_ON, "leave: from the park area to its entry"},
};

static double draw_key(struct pen *pen, double y)
{
    static const struct pen_style style = {PALETTE_TEXT, 11, false, PEN_LEFT};
    const guint columns = 4;
    double width = (DRAW_WIDTH - 2 * DRAW_MARGIN) / columns;
    for (guint part = 0; part < SIM_PARTS; part++) {
        double x = DRAW_MARGIN + width * (part % columns);
        double row_y = y + KEY_HEIGHT * (part / columns);
        pen_fill(pen, looks[part].part, x, row_y, SWATCH, SWATCH);
        pen_text_within(pen, &style, x + SWATCH + 6, row_y + SWATCH - 1, width - SWATCH - 14,
                        looks[part].text);
    }
    return y + KEY_HEIGHT * ((SIM_PARTS + columns - 1) / columns) + 8;
}

static void draw_shares(struct pen *pen, const struct sim_result *result, double x, double y,
                        double width)
{
    static const struct pen_style style = {PALETTE_PAPER, 10, true, PEN_MIDDLE};
    for (guint part = 0; part < SIM_PARTS && result->on_ns; part++) {
        double share = (double)result->part_ns[part] / (double)result->on_ns;
        pen_fill(pen, looks[part].part, x, y, share * width, BAR_HEIGHT);
        if (share >= LEAST_LABEL) {
            char *label = g_strdup_printf("%.0f %%", share * 100);
            pen_text(pen, &style, x + share * width / 2, y + BAR_HEIGHT - 5, label);
            g_free(label);
        }
        x += share * width;
    }
}

double simulation_draw_paths(struct pen *pen, const struct simulation *simulation, double y)
{
    static const struct pen_style head_style = {PALETTE_TEXT, 14, true, PEN_LEFT};
    static const struct pen_style name_style = {PALETTE_TEXT, 12, false, PEN_LEFT};
    static const struct pen_style time_style = {PALETTE_TEXT, 12, false, PEN_RIGHT};
    guint last = simulation->size_count - 1;
    double left = DRAW_MARGIN + NAME_WIDTH, right = DRAW_WIDTH - DRAW_MARGIN - TIME_WIDTH;
    char *head = g_strdup_printf("What the last of %u CPUs waited for", simulation->sizes[last]);
    pen_text(pen, &head_style, DRAW_MARGIN, y + 14, head);
    g_free(head);
    y = draw_key(pen, y + 30);
    for (guint i = 0; i < simulation->strategy_count; i++, y += ROW_HEIGHT) {
        const struct sim_result *result = &simulation->results[i][last];
        char *duration = axis_duration((gint64)result->on_ns);
        pen_text(pen, &name_style, DRAW_MARGIN, y + BAR_HEIGHT - 5,
                 sim_strategy_names[simulation->strategies[i]]);
        draw_shares(pen, result, left, y, right - left);
        pen_text(pen, &time_style, DRAW_WIDTH - DRAW_MARGIN, y + BAR_HEIGHT - 5, duration);
        g_free(duration);
    }
    return y;
}
