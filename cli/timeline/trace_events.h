/**
 * The timeline in the trace-event format of Chrome, which Perfetto opens.
 */
#ifndef CLI_TIMELINE_TRACE_EVENTS_H
#define CLI_TIMELINE_TRACE_EVENTS_H

#include "cli/timeline/model.h"

/** A new array. One process is the machine, each thread a CPU; times are microseconds. */
GByteArray *trace_events_of(const struct timeline *timeline);

#endif
