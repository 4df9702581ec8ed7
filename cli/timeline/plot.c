#include "cli/timeline/plot.h"

#include <math.h>

#include "cli/timeline/draw.h"

#define HEIGHT       380.0
#define AXIS_WIDTH   64.0  /* left of the plot, for its labels */
#define NAMES_WIDTH  150.0 /* right of it, for the lines' */
#define LABEL_HEIGHT 16.0
#define WHISKER      4.0

static const struct pen_style tick_style = {PALETTE_MUTED, 11, false, PEN_RIGHT};
static const struct pen_style size_style = {PALETTE_MUTED, 11, false, PEN_MIDDLE};

struct frame {
    const struct plot *plot;
    double left, right, top, bottom;
    double from, to; /* log10 of nanoseconds: whole decades */
    double few, many;
};

static double time_y(const struct frame *frame, gint64 ns)
{
    double share = (log10((double)MAX(ns, 1)) - frame->from) / (frame->to - frame->from);
    return frame->bottom - share * (frame->bottom - frame->top);
}

static double size_x(const struct frame *frame, guint cpus)
{
    if (frame->many <= frame->few)
        return (frame->left + frame->right) / 2;
    double share = (log2(cpus) - frame->few) / (frame->many - frame->few);
    return frame->left + share * (frame->right - frame->left);
}

static const struct plot_point *point_of(const struct plot_line *line, guint i)
{
    return &g_array_index(line->points, struct plot_point, i);
}

static const struct plot_point *last_of(const struct plot_line *line)
{
    return line->points->len ? point_of(line, line->points->len - 1) : NULL;
}

static struct frame make_frame(const struct plot *plot, double y)
{
    gint64 least = G_MAXINT64, most = 1;
    for (guint i = 0; i < plot->line_count; i++)
        for (guint j = 0; j < plot->lines[i].points->len; j++) {
            least = MIN(least, point_of(&plot->lines[i], j)->least_ns);
            most = MAX(most, point_of(&plot->lines[i], j)->most_ns);
        }
    struct frame frame = {
        .plot = plot,
        .left = DRAW_MARGIN + AXIS_WIDTH,
        .right = DRAW_WIDTH - DRAW_MARGIN - NAMES_WIDTH,
        .top = y,
        .bottom = y + HEIGHT,
        .from = floor(log10((double)CLAMP(least, 1, most))),
        .to = ceil(log10((double)most)),
        .few = log2(plot->sizes[0]),
        .many = log2(plot->sizes[plot->size_count - 1]),
    };
    if (frame.to <= frame.from)
        frame.to = frame.from + 1;
    return frame;
}

static void draw_grid(struct pen *pen, const struct frame *frame)
{
    gint64 ns = (gint64)pow(10, frame->from);
    for (double decade = frame->from; decade <= frame->to; decade++, ns *= 10) {
        char *label = axis_duration(ns);
        pen_line(pen, PALETTE_GRID, 1, 0, frame->left, time_y(frame, ns), frame->right,
                 time_y(frame, ns));
        pen_text(pen, &tick_style, frame->left - 8, time_y(frame, ns) + 4, label);
        g_free(label);
    }
    double label_ends = 0;
    for (guint size = 0; size < frame->plot->size_count; size++) {
        double x = size_x(frame, frame->plot->sizes[size]);
        char *label = g_strdup_printf("%u", frame->plot->sizes[size]);
        double width = pen_text_width(pen, &size_style, label);
        pen_line(pen, PALETTE_GRID, 1, 3, x, frame->top, x, frame->bottom);
        if (x - width / 2 > label_ends) {
            pen_text(pen, &size_style, x, frame->bottom + 18, label);
            label_ends = x + width / 2 + 6;
        }
        g_free(label);
    }
    pen_text(pen, &size_style, (frame->left + frame->right) / 2, frame->bottom + 36, "CPUs");
}

/* From the least to the most that was measured. */
static void draw_spread(struct pen *pen, const struct frame *frame, enum palette_part part,
                        const struct plot_point *point)
{
    double x = size_x(frame, point->cpus);
    double low = time_y(frame, point->least_ns), high = time_y(frame, point->most_ns);
    if (point->least_ns == point->most_ns)
        return;
    pen_line(pen, part, 1, 0, x, low, x, high);
    pen_line(pen, part, 1, 0, x - WHISKER, low, x + WHISKER, low);
    pen_line(pen, part, 1, 0, x - WHISKER, high, x + WHISKER, high);
}

static void draw_line(struct pen *pen, const struct frame *frame, const struct plot_line *line)
{
    double before_x = 0, before_y = 0;
    for (guint i = 0; i < line->points->len; i++) {
        const struct plot_point *point = point_of(line, i);
        double x = size_x(frame, point->cpus), y = time_y(frame, point->ns);
        if (i)
            pen_line(pen, line->part, line->bold ? 2.5 : 2, line->dash, before_x, before_y, x, y);
        draw_spread(pen, frame, line->part, point);
        pen_dot(pen, line->part, x, y, line->bold ? 4.2 : 3.5);
        before_x = x;
        before_y = y;
    }
}

/* A line that ends before the largest size has a thin one to its name. */
static void draw_name(struct pen *pen, const struct frame *frame, const struct plot_line *line,
                      double y)
{
    const struct plot_point *last = last_of(line);
    const struct pen_style style = {PALETTE_TEXT, 12, line->bold, PEN_LEFT};
    double at = time_y(frame, last->ns), x = size_x(frame, last->cpus);
    double end = size_x(frame, frame->plot->sizes[frame->plot->size_count - 1]);
    char *duration = axis_duration(last->ns);
    char *label = g_strdup_printf("%s  %s", line->name, duration);
    if (x < end)
        pen_line(pen, line->part, 0.7, 2, x + 6, at, end + 6, at);
    pen_line(pen, line->part, 1, 0, end + 6, at, end + 18, y);
    pen_text(pen, &style, end + 22, y + 4, label);
    g_free(label);
    g_free(duration);
}

/* The slowest of those that are not done, which is the highest; or line_count. */
static guint find_slowest(const struct plot *plot, const bool *done)
{
    guint slowest = plot->line_count;
    for (guint i = 0; i < plot->line_count; i++)
        if (!done[i] && last_of(&plot->lines[i]) &&
            (slowest == plot->line_count ||
             last_of(&plot->lines[i])->ns > last_of(&plot->lines[slowest])->ns))
            slowest = i;
    return slowest;
}

/*
 * From the slowest, which is at the top, down: a name that has no room goes lower, but leaves room
 * for those to come.
 */
static void draw_names(struct pen *pen, const struct frame *frame)
{
    const struct plot *plot = frame->plot;
    double free_y = frame->top - LABEL_HEIGHT;
    bool *done = g_new0(bool, plot->line_count);
    guint to_come = 0, next;
    for (guint i = 0; i < plot->line_count; i++)
        to_come += last_of(&plot->lines[i]) != NULL;
    while ((next = find_slowest(plot, done)) < plot->line_count) {
        double lowest = frame->bottom - LABEL_HEIGHT * --to_come;
        double at = time_y(frame, last_of(&plot->lines[next])->ns);
        free_y = MAX(MIN(at, lowest), free_y + LABEL_HEIGHT);
        draw_name(pen, frame, &plot->lines[next], free_y);
        done[next] = true;
    }
    g_free(done);
}

double plot_draw(struct pen *pen, const struct plot *plot, double y)
{
    struct frame frame = make_frame(plot, y);
    draw_grid(pen, &frame);
    for (guint i = 0; i < plot->line_count; i++)
        draw_line(pen, &frame, &plot->lines[i]);
    draw_names(pen, &frame);
    return frame.bottom + 44;
}
