/**
 * The order of numbers, for sorting.
 */
#ifndef CLI_ORDER_H
#define CLI_ORDER_H

#include <glib.h>

/** Negative, 0 or positive, as qsort() and its kin want it; both are a gint64. */
static inline int order_by_number(gconstpointer a, gconstpointer b)
{
    gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;
    return (left > right) - (left < right);
}

#endif
