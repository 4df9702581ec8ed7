/**
 * What is said of several measurements of the same.
 */
#ifndef CLI_BENCH_STATISTICS_H
#define CLI_BENCH_STATISTICS_H

#include <glib.h>

struct statistics {
    guint count; /* 0: the rest is 0, too */
    gint64 median, least, most;
};

/** Of gint64 values; negative ones are not known, and left out. */
struct statistics statistics_of(const GArray *values);

#endif
