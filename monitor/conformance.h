/**
 * How often the guest broke each rule and wrote where it is watched, and the verdict on that. Only
 * for monitor/report.c, which holds its lock at each call.
 */
#ifndef MONITOR_CONFORMANCE_H
#define MONITOR_CONFORMANCE_H

#include <stdbool.h>

/** One more finding of @rule, one more write to @region: whether it is to be told by itself. */
bool conformance_count_finding(const char *rule);
bool conformance_count_write(const char *region);

void conformance_count_command(void);

/** The event "conformance": each rule held, broken or not watched. */
void conformance_put(void);

#endif
