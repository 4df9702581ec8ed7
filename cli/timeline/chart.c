/* The chart: a time axis, the BSP with its messages, and a row for each other CPU. */
#include "boot/plural.h"
#include "cli/timeline/draw.h"
#include "cli/timeline/rows.h"

#include <string.h>

#define LEFT        (DRAW_MARGIN + 84)
#define RIGHT       (DRAW_WIDTH - DRAW_MARGIN - 72)
#define AXIS_HEIGHT 34.0
#define BSP_HEIGHT  30.0
#define BSP_SPACE   14.0

/* So wide may the reason for a failure be: it must not cover what was before. */
#define MOST_REASON 320.0

/* Lower than this a row has no text beside it. */
#define TEXT_PITCH 10.0

struct chart {
    struct pen *pen;
    const struct timeline *timeline;
    struct axis axis;
    struct rows rows;
    double bsp_y, rows_y, bottom;
};

static const struct pen_style tick_style = {PALETTE_MUTED, 11, false, PEN_MIDDLE};

static void draw_tick(const struct chart *chart, gint64 at_ns)
{
    double x = axis_x(&chart->axis, at_ns);
    char *label = axis_label(&chart->axis, at_ns);
    pen_line(chart->pen, PALETTE_GRID, 1, 0, x, chart->bsp_y - 5, x, chart->bottom);
    pen_text(chart->pen, &tick_style, x, chart->bsp_y - 10, label);
    g_free(label);
}

/* Not so near to a cut that the label would be in it. */
static void draw_ticks(const struct chart *chart)
{
    static const struct pen_style style = {PALETTE_MUTED, 11, false, PEN_LEFT};
    const struct axis *axis = &chart->axis;
    for (guint i = 0; i < axis->length; i++) {
        const struct axis_piece *piece = &axis->pieces[i];
        if (piece->cut)
            continue;
        gint64 step_ns = axis->step_ns;
        for (gint64 at_ns = (piece->from_ns + step_ns - 1) / step_ns * step_ns;
             at_ns <= piece->to_ns; at_ns += step_ns) {
            double x = axis_x(axis, at_ns);
            if ((i == 0 || x - piece->from_x > 8) && (i + 1 == axis->length || piece->to_x - x > 8))
                draw_tick(chart, at_ns);
        }
    }
    char *unit = g_strdup_printf("%s since the first wake was sent", axis->unit);
    pen_text(chart->pen, &style, LEFT, chart->bsp_y - 25, unit);
    g_free(unit);
}

/* Where time is left out the paper is torn, through all rows. */
static void draw_cuts(const struct chart *chart)
{
    double top = chart->bsp_y - 18, bottom = chart->bottom;
    for (guint i = 0; i < chart->axis.length; i++) {
        const struct axis_piece *piece = &chart->axis.pieces[i];
        if (!piece->cut)
            continue;
        double left = piece->from_x + 8, right = piece->to_x - 8;
        pen_fill(chart->pen, PALETTE_PAPER, left, top, right - left, bottom - top);
        pen_line(chart->pen, PALETTE_MUTED, 1.2, 6, left, top, left, bottom);
        pen_line(chart->pen, PALETTE_MUTED, 1.2, 6, right, top, right, bottom);
        char *length = axis_duration(piece->to_ns - piece->from_ns);
        char *text = g_strdup_printf("%s left out", length);
        pen_text(chart->pen, &tick_style, (left + right) / 2, bottom + 14, text);
        g_free(text);
        g_free(length);
    }
}

static guint count_messages(const struct timeline *timeline, const struct timeline_stage *stage)
{
    guint count = 0;
    for (guint i = 0; i < timeline->messages->len; i++) {
        const struct timeline_message *message =
            &g_array_index(timeline->messages, struct timeline_message, i);
        count += message->start == stage->start && message->at_ns >= stage->from_ns &&
                 message->at_ns <= stage->to_ns;
    }
    return count;
}

/* What the BSP does for all. */
static void draw_stages(const struct chart *chart)
{
    static const struct pen_style style = {PALETTE_PAPER, 11, true, PEN_LEFT};
    const struct timeline *timeline = chart->timeline;
    double top = chart->bsp_y + 4, height = 16;
    for (guint i = 0; i < timeline->stages->len; i++) {
        const struct timeline_stage *stage =
            &g_array_index(timeline->stages, struct timeline_stage, i);
        double from = axis_x(&chart->axis, stage->from_ns);
        double to = MAX(axis_x(&chart->axis, stage->to_ns), from + 2);
        guint count = count_messages(timeline, stage);
        char *text = g_strdup_printf("sends %u %s", count,
                                     stage->start ? plural(count, "start", "starts")
                                                  : plural(count, "wake", "wakes"));
        pen_fill(chart->pen, PALETTE_WAKE, from, top, to - from, height);
        double width = pen_text_width(chart->pen, &style, text) + 10;
        if (width < to - from && axis_place(&chart->axis, from, width) == from)
            pen_text(chart->pen, &style, from + 5, top + 12, text);
        g_free(text);
    }
}

static const struct row *find_row(const struct chart *chart, guint cpu)
{
    for (guint i = 0; i < chart->rows.rows->len; i++) {
        const struct row *row = &g_array_index(chart->rows.rows, struct row, i);
        if (row->cpu == cpu)
            return row;
    }
    return NULL;
}

/* Few CPUs: an arrow to the row of each. Many: a tick under the BSP, so dense that it is a band. */
static void draw_messages(const struct chart *chart)
{
    const GArray *messages = chart->timeline->messages;
    bool arrows = chart->rows.rows->len <= ROWS_MOST_ARROWS;
    for (guint i = 0; i < messages->len; i++) {
        const struct timeline_message *message =
            &g_array_index(messages, struct timeline_message, i);
        if (message->from != chart->timeline->bsp || message->at_ns > chart->axis.end_ns ||
            timeline_cpu(chart->timeline, message->to)->late)
            continue;
        double x = axis_x(&chart->axis, message->at_ns);
        double from = chart->bsp_y + 20, to = from + 8;
        const struct row *row = arrows ? find_row(chart, message->to) : NULL;
        if (row)
            to = chart->rows_y + row->y + row->height * 0.32;
        pen_line(chart->pen, PALETTE_WAKE, row ? 1 : 0.6, 0, x, from, x, row ? to - 4 : to);
        if (row)
            pen_arrow_head(chart->pen, PALETTE_WAKE, x, to);
    }
}

static void draw_bsp(const struct chart *chart)
{
    static const struct pen_style style = {PALETTE_TEXT, 11, true, PEN_RIGHT};
    const struct timeline_cpu *bsp = timeline_cpu(chart->timeline, chart->timeline->bsp);
    char *label = g_strdup_printf("BSP %" G_GINT64_FORMAT, bsp->apic_id);
    pen_text(chart->pen, &style, LEFT - 10, chart->bsp_y + 16, label);
    pen_fill(chart->pen, (enum palette_part)TIMELINE_ON, LEFT, chart->bsp_y + 9, RIGHT - LEFT, 6);
    draw_stages(chart);
    g_free(label);
}

/* The reason stands where the CPU was lost, on paper of its own. */
static void draw_reason(const struct chart *chart, const struct timeline_cpu *cpu, double y,
                        double height)
{
    static const struct pen_style style = {PALETTE_ALARM, 11, true, PEN_LEFT};
    gint64 at_ns = 0;
    for (guint i = 0; i < cpu->spans->len; i++) {
        const struct timeline_span *span = &g_array_index(cpu->spans, struct timeline_span, i);
        if (span->state == TIMELINE_FAILED || i + 1 == cpu->spans->len)
            at_ns = span->from_ns;
    }
    double width = MIN(pen_text_width(chart->pen, &style, cpu->failure), MOST_REASON);
    double x = axis_place(&chart->axis, axis_x(&chart->axis, at_ns), width + 26) + 18;
    pen_fill(chart->pen, PALETTE_PAPER, x - 16, y, MIN(width, RIGHT - x) + 22, height);
    pen_cross(chart->pen, PALETTE_ALARM, x - 8, y + height / 2, 4);
    pen_text_within(chart->pen, &style, x, y + height / 2 + 4, MIN(width + 1, RIGHT - x),
                    cpu->failure);
}

static void draw_row_texts(const struct chart *chart, const struct row *row, double y)
{
    const struct timeline_cpu *cpu = timeline_cpu(chart->timeline, row->cpu);
    enum palette_part part = cpu->failed ? PALETTE_ALARM : PALETTE_TEXT;
    const struct pen_style name = {part, chart->rows.pitch < 16 ? 9.5 : 11, cpu->failed, PEN_RIGHT};
    const struct pen_style time = {part, name.size, cpu->failed, PEN_RIGHT};
    double base = y + row->height / 2 + name.size * 0.36;
    if (row->labelled) {
        char *label = g_strdup_printf("%" G_GINT64_FORMAT, cpu->apic_id);
        pen_text(chart->pen, &name, LEFT - 10, base, label);
        g_free(label);
    }
    if (row->height < TEXT_PITCH - 3)
        return;
    char *on = cpu->on_ns >= 0 ? axis_duration(cpu->on_ns) : g_strdup("–");
    pen_text(chart->pen, &time, DRAW_WIDTH - DRAW_MARGIN, base, cpu->failed ? cpu->state : on);
    g_free(on);
    if (cpu->failed)
        draw_reason(chart, cpu, y, row->height);
}

/* Work comes last: it is short, and what is waited for then would cover it. */
static void draw_spans(const struct chart *chart, const struct row *row, double y, bool work)
{
    const struct draw_bars bars = {chart->pen, rows_are_dense(chart->timeline)};
    const struct timeline_cpu *cpu = timeline_cpu(chart->timeline, row->cpu);
    for (guint i = 0; i < cpu->spans->len; i++) {
        const struct timeline_span *span = &g_array_index(cpu->spans, struct timeline_span, i);
        double from = axis_x(&chart->axis, span->from_ns);
        double to = span->open ? RIGHT : axis_x(&chart->axis, span->to_ns);
        bool seen = span->from_ns <= chart->axis.end_ns && (span->open || span->to_ns >= 0);
        if (seen &&
            work == (span->state >= TIMELINE_REAL_MODE && span->state <= TIMELINE_OWN_TABLES))
            draw_bar(&bars, span->state, from, y, to - from, row->height);
    }
}

/* On paper of its own: the arrows to the rows below pass behind it. */
static void draw_row_heading(const struct chart *chart, double y, const char *heading)
{
    static const struct pen_style style = {PALETTE_MUTED, 11, true, PEN_LEFT};
    double width = pen_text_width(chart->pen, &style, heading);
    pen_fill(chart->pen, PALETTE_PAPER, LEFT - 72, y - 19, width + 4, 15);
    pen_text(chart->pen, &style, LEFT - 70, y - 8, heading);
}

static void draw_row(const struct chart *chart, const struct row *row)
{
    double y = chart->rows_y + row->y;
    if (row->heading)
        draw_row_heading(chart, y, row->heading);
    draw_spans(chart, row, y, false);
    draw_spans(chart, row, y, true);
    draw_row_texts(chart, row, y);
}

static void draw_row_paper(const struct chart *chart)
{
    for (guint i = 0; i < chart->rows.rows->len; i++) {
        const struct row *row = &g_array_index(chart->rows.rows, struct row, i);
        pen_fill(chart->pen, PALETTE_ROW, LEFT, chart->rows_y + row->y, RIGHT - LEFT, row->height);
    }
}

static void draw_headings(const struct chart *chart)
{
    static const struct pen_style style = {PALETTE_MUTED, 11, false, PEN_RIGHT};
    pen_text(chart->pen, &style, LEFT - 16, chart->bsp_y - 10, "APIC ID");
    if (chart->rows.pitch >= TEXT_PITCH)
        pen_text(chart->pen, &style, DRAW_WIDTH - DRAW_MARGIN, chart->bsp_y - 10, "on after");
}

/* CPUs that nobody listed have no row; later ones have no place on this axis. */
static double draw_notes(const struct chart *chart, double y)
{
    static const struct pen_style alarm = {PALETTE_ALARM, 12, true, PEN_LEFT};
    static const struct pen_style note = {PALETTE_MUTED, 11, false, PEN_LEFT};
    const struct timeline *timeline = chart->timeline;
    guint late = 0;
    for (guint i = 0; i < timeline->cpus->len; i++)
        late += timeline_cpu(timeline, i)->late;
    if (timeline->missing > 0) {
        char *text = g_strdup_printf(
            "%" G_GINT64_FORMAT " more asked for, and not listed by the kernel", timeline->missing);
        pen_cross(chart->pen, PALETTE_ALARM, LEFT + 6, y + 8, 4);
        pen_text(chart->pen, &alarm, LEFT + 18, y += 12, text);
        y += 8;
        g_free(text);
    }
    if (late > 0) {
        char *text = g_strdup_printf("%u more came later, while the machine ran: see the page or "
                                     "the trace (-o FILE.html, FILE.json)",
                                     late);
        pen_text(chart->pen, &note, LEFT, y += 12, text);
        y += 8;
        g_free(text);
    }
    return y;
}

double draw_chart(struct pen *pen, const struct timeline *timeline, double y)
{
    struct chart chart = {.pen = pen, .timeline = timeline};
    axis_init(&chart.axis, timeline, LEFT, RIGHT);
    rows_init(&chart.rows, timeline);
    chart.bsp_y = y + AXIS_HEIGHT + 10;
    chart.rows_y = chart.bsp_y + BSP_HEIGHT + BSP_SPACE;
    chart.bottom = chart.rows_y + chart.rows.height;

    draw_row_paper(&chart);
    draw_ticks(&chart);
    draw_headings(&chart);
    draw_bsp(&chart);
    draw_messages(&chart);
    for (guint i = 0; i < chart.rows.rows->len; i++)
        draw_row(&chart, &g_array_index(chart.rows.rows, struct row, i));
    draw_cuts(&chart);
    y = chart.bottom + (chart.axis.length > 1 ? 28 : 12);
    rows_clear(&chart.rows);
    return draw_notes(&chart, y);
}
