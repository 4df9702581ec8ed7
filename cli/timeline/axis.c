#include "cli/timeline/axis.h"

#include <math.h>

#include "cli/base/order.h"

#define CUT_WIDTH 34.0

/* A gap is cut if it is so large a part of what is left, and it keeps so much of both its ends. */
#define CUT_SHARE  0.3
#define KEPT_SHARE 0.03

/* At least so far from each other are two ticks. */
#define TICK_WIDTH 76.0

struct gap {
    gint64 from_ns, to_ns;
};

/* Every moment at which something changes in the picture. */
static GArray *list_edges(const struct timeline *timeline, gint64 end_ns)
{
    GArray *edges = g_array_new(FALSE, FALSE, sizeof(gint64));
    const gint64 ends[] = {0, timeline->bring_up_ns};
    g_array_append_vals(edges, ends, G_N_ELEMENTS(ends));
    for (guint i = 0; i < timeline->cpus->len; i++) {
        const GArray *spans = timeline_cpu(timeline, i)->spans;
        for (guint j = 0; j < spans->len; j++) {
            gint64 from_ns = g_array_index(spans, struct timeline_span, j).from_ns;
            if (from_ns > 0 && from_ns < end_ns)
                g_array_append_val(edges, from_ns);
        }
    }
    g_array_sort(edges, order_by_number);
    return edges;
}

/* Somebody is on the way, and will come: how long that takes is what the picture is for. */
static bool is_busy(const struct timeline_cpu *cpu, const struct gap *gap)
{
    for (guint i = 0; i < cpu->spans->len && !cpu->late; i++) {
        const struct timeline_span *span = &g_array_index(cpu->spans, struct timeline_span, i);
        bool waits = span->state == TIMELINE_PARKED || span->state == TIMELINE_ON ||
                     span->state >= TIMELINE_AWAY;
        bool comes = !span->open && span[1].state != TIMELINE_FAILED;
        if (!waits && comes && span->from_ns < gap->to_ns && gap->from_ns < span->to_ns)
            return true;
    }
    return false;
}

static bool is_quiet(const struct timeline *timeline, const struct gap *gap)
{
    for (guint i = 0; i < timeline->cpus->len; i++) {
        if (is_busy(timeline_cpu(timeline, i), gap))
            return false;
    }
    return true;
}

static struct gap largest_gap(const struct timeline *timeline, const GArray *edges,
                              const struct gap *cuts, guint count)
{
    struct gap largest = {0, 0};
    for (guint i = 1; i < edges->len; i++) {
        struct gap gap = {g_array_index(edges, gint64, i - 1), g_array_index(edges, gint64, i)};
        bool taken = false;
        for (guint j = 0; j < count; j++)
            taken |= gap.from_ns < cuts[j].to_ns && cuts[j].from_ns < gap.to_ns;
        if (!taken && gap.to_ns - gap.from_ns > largest.to_ns - largest.from_ns &&
            is_quiet(timeline, &gap))
            largest = gap;
    }
    return largest;
}

static int by_begin(gconstpointer a, gconstpointer b)
{
    return order_by_number(&((const struct gap *)a)->from_ns, &((const struct gap *)b)->from_ns);
}

/* @left_ns is what remains of the whole. The count of @cuts, in order. */
static guint find_cuts(const struct timeline *timeline, gint64 end_ns, struct gap *cuts,
                       gint64 *left_ns)
{
    GArray *edges = list_edges(timeline, end_ns);
    guint count = 0;
    *left_ns = end_ns;
    while (count < AXIS_MAX_CUTS) {
        struct gap gap = largest_gap(timeline, edges, cuts, count);
        gint64 wide_ns = gap.to_ns - gap.from_ns;
        if ((double)wide_ns < CUT_SHARE * (double)*left_ns || wide_ns < 4)
            break;
        gint64 kept_ns = MIN((gint64)(KEPT_SHARE * (double)(*left_ns - wide_ns)) + 1, wide_ns / 4);
        cuts[count++] = (struct gap){gap.from_ns + kept_ns, gap.to_ns - kept_ns};
        *left_ns -= wide_ns - 2 * kept_ns;
    }
    g_array_unref(edges);
    qsort(cuts, count, sizeof(*cuts), by_begin);
    return count;
}

static void add_piece(struct axis *axis, gint64 from_ns, gint64 to_ns, double width, bool cut)
{
    double from_x = axis->length ? axis->pieces[axis->length - 1].to_x : axis->left;
    axis->pieces[axis->length++] = (struct axis_piece){from_ns, to_ns, from_x, from_x + width, cut};
}

static void choose_unit(struct axis *axis)
{
    static const struct {
        gint64 unit_ns;
        const char *unit;
    } units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "µs"}, {1, "ns"}};
    size_t i = 0;
    while (i + 1 < G_N_ELEMENTS(units) && axis->end_ns < 10 * units[i].unit_ns)
        i++;
    axis->unit_ns = units[i].unit_ns;
    axis->unit = units[i].unit;
}

/* 1, 2 or 5 times a power of ten. */
static gint64 round_step(double least_ns)
{
    static const int factors[] = {1, 2, 5};
    for (gint64 power = 1;; power *= 10) {
        for (size_t i = 0; i < G_N_ELEMENTS(factors); i++) {
            if ((double)(factors[i] * power) >= least_ns)
                return factors[i] * power;
        }
    }
}

void axis_init(struct axis *axis, const struct timeline *timeline, double left, double right)
{
    struct gap cuts[AXIS_MAX_CUTS];
    gint64 left_ns, at_ns = 0;
    *axis = (struct axis){.left = left, .right = right};
    axis->end_ns = MAX(timeline->bring_up_ns, 100);
    guint count = find_cuts(timeline, axis->end_ns, cuts, &left_ns);
    /* What happens last shall be seen: a little is left behind it. */
    gint64 more_ns = 1 + left_ns / 25;
    axis->end_ns += more_ns;
    left_ns += more_ns;
    double scale = (right - left - count * CUT_WIDTH) / (double)left_ns;
    for (guint i = 0; i < count; i++) {
        add_piece(axis, at_ns, cuts[i].from_ns, scale * (double)(cuts[i].from_ns - at_ns), false);
        add_piece(axis, cuts[i].from_ns, cuts[i].to_ns, CUT_WIDTH, true);
        at_ns = cuts[i].to_ns;
    }
    add_piece(axis, at_ns, axis->end_ns, scale * (double)(axis->end_ns - at_ns), false);
    axis->step_ns = round_step(TICK_WIDTH / scale);
    choose_unit(axis);
}

double axis_x(const struct axis *axis, gint64 at_ns)
{
    for (guint i = 0; i < axis->length; i++) {
        const struct axis_piece *piece = &axis->pieces[i];
        if (at_ns > piece->to_ns)
            continue;
        double share = (double)(MAX(at_ns, piece->from_ns) - piece->from_ns) /
                       (double)MAX(piece->to_ns - piece->from_ns, 1);
        return piece->from_x + share * (piece->to_x - piece->from_x);
    }
    return axis->right;
}

double axis_place(const struct axis *axis, double x, double width)
{
    for (guint i = 0; i < axis->length; i++) {
        const struct axis_piece *piece = &axis->pieces[i];
        double from = MAX(x, piece->from_x);
        if (!piece->cut && from + width <= piece->to_x)
            return from;
    }
    for (guint i = axis->length; i > 0; i--) {
        const struct axis_piece *piece = &axis->pieces[i - 1];
        if (!piece->cut && piece->to_x - piece->from_x >= width)
            return piece->to_x - width;
    }
    return MAX(axis->right - width, axis->left);
}

char *axis_label(const struct axis *axis, gint64 at_ns)
{
    int digits = 0;
    for (gint64 unit_ns = axis->unit_ns; unit_ns > axis->step_ns && unit_ns > 1; unit_ns /= 10)
        digits++;
    return g_strdup_printf("%.*f", digits, (double)at_ns / (double)axis->unit_ns);
}

char *axis_duration(gint64 ns)
{
    static const char *const units[] = {"ns", "µs", "ms", "s"};
    double value = (double)ns;
    size_t i = 0;
    for (; i + 1 < G_N_ELEMENTS(units) && value >= 999.5; i++)
        value /= 1000;
    int digits = i == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    /* Behind a round number, as the ends of a scale are, zeros would promise too much. */
    if ((double)ns == value * pow(1000, (double)i) && value == floor(value))
        digits = 0;
    return g_strdup_printf("%.*f %s", digits, value, units[i]);
}
