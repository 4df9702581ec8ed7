/**
 * The picture of a timeline: header, legend, the CPUs on one time axis, and how long each step
 * took.
 */
#ifndef CLI_TIMELINE_DRAW_H
#define CLI_TIMELINE_DRAW_H

#include "cli/timeline/axis.h"
#include "cli/timeline/pen.h"

#define DRAW_WIDTH  1160.0
#define DRAW_MARGIN 28.0

/** Draw all of it from the top; the height that it takes. */
double draw_timeline(struct pen *pen, const struct timeline *timeline);

/** The parts. Each begins at @y, and gives where it ends. */
double draw_header(struct pen *pen, const struct timeline *timeline, double y);
double draw_legend(struct pen *pen, const struct timeline *timeline, double y);
double draw_chart(struct pen *pen, const struct timeline *timeline, double y);
double draw_steps(struct pen *pen, const struct timeline *timeline, double y);

/** How bars look: where rows are low (@dense), thick and thin would not be seen. */
struct draw_bars {
    struct pen *pen;
    bool dense;
};

/** The bar of @state in a row of @height, as in the chart and in the legend. */
void draw_bar(const struct draw_bars *bars, enum timeline_state state, double x, double y,
              double width, double height);

#endif
