#include "cli/timeline/draw.h"

#include "boot/plural.h"
#include "cli/timeline/rows.h"

#define TITLE_SIZE  20.0
#define TEXT_SIZE   12.0
#define LINE_HEIGHT 18.0

#define MOST_SENTENCES 5

static const struct pen_style text_style = {PALETTE_TEXT, TEXT_SIZE, false, PEN_LEFT};
static const struct pen_style muted_style = {PALETTE_MUTED, 11, false, PEN_LEFT};

/* "2, 4-7": places of the CPUs that are not on, by APIC ID, in the report's order. */
static char *list_failed(const struct timeline *timeline)
{
    GString *list = g_string_new(NULL);
    gint64 from = -2, last = -2;
    for (guint i = 0; i < timeline->cpus->len; i++) {
        const struct timeline_cpu *cpu = timeline_cpu(timeline, i);
        if (!cpu->failed)
            continue;
        gint64 id = cpu->apic_id;
        bool goes_on = id == last + 1 && from >= 0;
        if (!goes_on && last > from)
            g_string_append_printf(list, "–%" G_GINT64_FORMAT, last);
        if (!goes_on) {
            g_string_append_printf(list, "%s%" G_GINT64_FORMAT, list->len ? ", " : "", id);
            from = id;
        }
        last = id;
    }
    if (last > from)
        g_string_append_printf(list, "–%" G_GINT64_FORMAT, last);
    return g_string_free(list, FALSE);
}

static char *say_alarm(const struct timeline *timeline)
{
    gint64 off = timeline->asked - timeline->on;
    char *list = list_failed(timeline);
    char *alarm =
        off > 0
            ? g_strdup_printf("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " %s did not come on%s%s",
                              off, timeline->asked, plural(timeline->asked, "CPU", "CPUs"),
                              list[0] ? ": APIC ID " : "", list)
            : g_strdup("All CPUs came on, but the run failed:");
    g_free(list);
    return alarm;
}

/* What went wrong stands first, and in a colour of its own. */
static double draw_alarm(struct pen *pen, const struct timeline *timeline, double y)
{
    guint count = timeline->failures->len;
    if (count == 0 && timeline->on >= timeline->asked)
        return y;
    static const struct pen_style bold = {PALETTE_ALARM, 13, true, PEN_LEFT};
    guint shown = count > MOST_SENTENCES ? MOST_SENTENCES - 1 : count;
    double lines = 1 + shown + (shown < count);
    double left = DRAW_MARGIN + 44, width = DRAW_WIDTH - 2 * DRAW_MARGIN - 56;
    double height = lines * LINE_HEIGHT + 16;
    pen_fill(pen, PALETTE_ALARM_PAPER, DRAW_MARGIN, y, DRAW_WIDTH - 2 * DRAW_MARGIN, height);
    pen_fill(pen, (enum palette_part)TIMELINE_FAILED, DRAW_MARGIN, y, 6, height);
    pen_cross(pen, PALETTE_ALARM, DRAW_MARGIN + 25, y + 18, 6);
    y += 8 + LINE_HEIGHT - 4;
    char *alarm = say_alarm(timeline);
    pen_text_within(pen, &bold, left, y, width, alarm);
    g_free(alarm);
    for (guint i = 0; i < shown; i++)
        pen_text_within(pen, &text_style, left, y += LINE_HEIGHT, width,
                        g_ptr_array_index(timeline->failures, i));
    if (shown < count) {
        char *more = g_strdup_printf("and %u more", count - shown);
        pen_text(pen, &text_style, left, y += LINE_HEIGHT, more);
        g_free(more);
    }
    return y + 12 + LINE_HEIGHT;
}

double draw_header(struct pen *pen, const struct timeline *timeline, double y)
{
    static const struct pen_style title = {PALETTE_TEXT, TITLE_SIZE, true, PEN_LEFT};
    double width = DRAW_WIDTH - 2 * DRAW_MARGIN;
    y += TITLE_SIZE;
    pen_text_within(pen, &title, DRAW_MARGIN, y, width, timeline->title);
    pen_text_within(pen, &text_style, DRAW_MARGIN, y += 22, width, timeline->totals);
    pen_text_within(pen, &muted_style, DRAW_MARGIN, y += 17, width, timeline->machine);
    return draw_alarm(pen, timeline, y + 16);
}

static bool is_sent(enum timeline_state state)
{
    return state == TIMELINE_WOKEN || state == TIMELINE_STARTING;
}

static bool is_idle(enum timeline_state state)
{
    return state == TIMELINE_PARKED || state == TIMELINE_AWAY || state == TIMELINE_UNKNOWN;
}

/* Waiting is pale, so that the short work between is seen. */
static void draw_dense_bar(struct pen *pen, enum timeline_state state, double x, double y,
                           double width, double height)
{
    enum palette_part part = is_sent(state)             ? PALETTE_DENSE_SENT
                             : state == TIMELINE_PARKED ? PALETTE_DENSE_PARKED
                                                        : (enum palette_part)state;
    pen_fill(pen, part, x, y, MAX(width, 1), height);
}

/*
 * Colour is not all: where a CPU runs towards its work the bar has the row's height, where it waits
 * it is thin, and dashed while a message is under way to it. A failure is crossed out.
 */
void draw_bar(const struct draw_bars *bars, enum timeline_state state, double x, double y,
              double width, double height)
{
    enum palette_part part = (enum palette_part)state;
    struct pen *pen = bars->pen;
    double thin = height * 0.36, middle = y + height / 2;
    if (bars->dense)
        draw_dense_bar(pen, state, x, y, width, height);
    else if (is_sent(state) || is_idle(state))
        pen_line(pen, part, thin,
                 is_sent(state)              ? 5
                 : state == TIMELINE_UNKNOWN ? 2
                                             : 0,
                 x, middle, x + width, middle);
    else
        pen_fill(pen, part, x, y, MAX(width, 1), height);
    if (state != TIMELINE_FAILED || height < 6)
        return;
    for (double at = x + 2; at + height / 2 < x + width; at += 6)
        pen_line(pen, PALETTE_PAPER, 1, 0, at, y + height, at + height / 2, y);
}

/* Of the BSP no more is drawn than that it is on. */
static void find_states(const struct timeline *timeline, bool *found)
{
    found[TIMELINE_ON] = true;
    for (guint i = 0; i < timeline->cpus->len; i++) {
        const struct timeline_cpu *cpu = timeline_cpu(timeline, i);
        for (guint j = 0; j < cpu->spans->len && !cpu->late && i != timeline->bsp; j++) {
            const struct timeline_span *span = &g_array_index(cpu->spans, struct timeline_span, j);
            found[span->state] |= span->from_ns <= timeline->bring_up_ns;
        }
    }
}

/* In the order in which a CPU goes through them; then what is no bar. */
double draw_legend(struct pen *pen, const struct timeline *timeline, double y)
{
    const struct draw_bars bars = {pen, rows_are_dense(timeline)};
    bool found[TIMELINE_STATES] = {false};
    double x = DRAW_MARGIN;
    find_states(timeline, found);
    for (int i = 0; i < TIMELINE_STATES; i++) {
        if (!found[i])
            continue;
        const char *text = timeline_state_text((enum timeline_state)i);
        double width = 34 + pen_text_width(pen, &text_style, text) + 20;
        if (x + width > DRAW_WIDTH - DRAW_MARGIN) {
            x = DRAW_MARGIN;
            y += LINE_HEIGHT + 2;
        }
        draw_bar(&bars, (enum timeline_state)i, x, y, 27, 14);
        pen_text(pen, &text_style, x + 34, y + 11, text);
        x += width;
    }
    y += LINE_HEIGHT + 4;
    pen_line(pen, PALETTE_WAKE, 1, 0, DRAW_MARGIN + 13, y - 2, DRAW_MARGIN + 13, y + 8);
    pen_arrow_head(pen, PALETTE_WAKE, DRAW_MARGIN + 13, y + 12);
    pen_text(pen, &muted_style, DRAW_MARGIN + 34, y + 10,
             "a message of the BSP: a wake, or a start.  A bar begins with the moment that it is "
             "named after, and lasts until the next.");
    return y + 14 + 14;
}

double draw_timeline(struct pen *pen, const struct timeline *timeline)
{
    double y = DRAW_MARGIN;
    y = draw_header(pen, timeline, y);
    y = draw_legend(pen, timeline, y);
    y = draw_chart(pen, timeline, y);
    y = draw_steps(pen, timeline, y);
    return y + DRAW_MARGIN;
}
