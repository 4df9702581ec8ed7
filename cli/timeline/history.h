/**
 * How a model comes by its spans, messages and stages.
 */
#ifndef CLI_TIMELINE_HISTORY_H
#define CLI_TIMELINE_HISTORY_H

#include "cli/timeline/model.h"

/** A change of one CPU, as it was told; in any order, and some of them told twice. */
struct timeline_step {
    gint64 at_ns;
    enum timeline_state state;
};

/** Fill in each CPU's steps and records, and the messages; times are on the report's clock. */
void timeline_read_history(struct timeline *timeline, JsonObject *report);

/** And then spans, stages and ends, all counted from the first wake. */
void timeline_tell_history(struct timeline *timeline, JsonObject *report);

#endif
