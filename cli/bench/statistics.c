#include "cli/bench/statistics.h"

#include "cli/base/order.h"

/* Of an even number the mean of the two in the middle, rounded down. */
static gint64 median_of(const gint64 *sorted, guint count)
{
    gint64 low = sorted[(count - 1) / 2], high = sorted[count / 2];
    return low + (high - low) / 2;
}

struct statistics statistics_of(const GArray *values)
{
    struct statistics statistics = {0};
    GArray *known = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < values->len; i++)
        if (g_array_index(values, gint64, i) >= 0)
            g_array_append_val(known, g_array_index(values, gint64, i));
    g_array_sort(known, order_by_number);
    if (known->len) {
        const gint64 *sorted = (const gint64 *)(const void *)known->data;
        statistics = (struct statistics){known->len, median_of(sorted, known->len), sorted[0],
                                         sorted[known->len - 1]};
    }
    g_array_unref(known);
    return statistics;
}
