/**
 * The time axis: which moment is where. Of a long time in which all CPUs only wait for what comes
 * next the middle is cut out, so that there is room for the rest, all in one scale.
 */
#ifndef CLI_TIMELINE_AXIS_H
#define CLI_TIMELINE_AXIS_H

#include "cli/timeline/model.h"

#define AXIS_MAX_CUTS 3

/** A stretch of the axis; a cut one is narrow, and nothing is drawn there. */
struct axis_piece {
    gint64 from_ns, to_ns;
    double from_x, to_x;
    bool cut;
};

struct axis {
    double left, right;
    gint64 end_ns;
    gint64 step_ns; /* from tick to tick */
    gint64 unit_ns;
    const char *unit;
    guint length;
    struct axis_piece pieces[2 * AXIS_MAX_CUTS + 1];
};

/** From the first wake to the end of the bring-up, between @left and @right. */
void axis_init(struct axis *axis, const struct timeline *timeline, double left, double right);

/** Where @at_ns is; what is beyond an end is at the end. */
double axis_x(const struct axis *axis, gint64 at_ns);

/**
 * Where something of @width can stand that no cut may tear: at @x, or behind the cut that is in the
 * way, or else as far right as there is room.
 */
double axis_place(const struct axis *axis, double x, double width);

/** "1.5", in the axis's unit. Caller frees. */
char *axis_label(const struct axis *axis, gint64 at_ns);

/** "9.15 ms", with three digits. Caller frees. */
char *axis_duration(gint64 ns);

#endif
