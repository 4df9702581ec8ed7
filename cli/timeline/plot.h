/**
 * Times over the number of CPUs, both axes logarithmic: a line with its name for each who is
 * compared.
 */
#ifndef CLI_TIMELINE_PLOT_H
#define CLI_TIMELINE_PLOT_H

#include "cli/timeline/pen.h"

struct plot_point {
    guint cpus;
    gint64 ns;
    gint64 least_ns, most_ns; /* of several measurements; both @ns where there is one */
};

struct plot_line {
    const char *name;
    enum palette_part part;
    bool bold;
    double dash;    /* so long are its dashes; 0: none */
    GArray *points; /* struct plot_point, by rising number of CPUs; none: no line */
};

struct plot {
    const struct plot_line *lines;
    guint line_count;
    const guint *sizes; /* numbers of CPUs, rising; never none */
    guint size_count;
};

/** Draw it over the whole width from @y on; gives where it ends. */
double plot_draw(struct pen *pen, const struct plot *plot, double y);

#endif
