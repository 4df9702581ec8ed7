/**
 * The JSON report: docs/report.md says what it means.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>

#include "cli/judge/verdict.h"

#define REPORT_SCHEMA "muster.report/1"

/** What differs from verb to verb. Objects and arrays stay the caller's. */
struct report {
    const char *verb;
    const char *then;   /* the kernel that was handed over to, or NULL */
    const char *way;    /* or NULL: not known */
    const char *reason; /* or NULL */
    JsonArray *cpus;    /* or NULL: none */
    JsonArray *proofs;  /* or NULL: none */
};

/** What is written. Caller unrefs. */
JsonObject *report_build(const struct report *report, const struct session *session,
                         const struct verdict *verdict);

/**
 * Write it to @path: the whole of it, or nothing. False: @error is CLI_ENVIRONMENT.
 */
bool report_write(const char *path, const struct report *report, const struct session *session,
                  const struct verdict *verdict, GError **error);

#endif
