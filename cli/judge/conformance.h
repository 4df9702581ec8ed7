/**
 * How a TD's guest kept the rules of docs/conformance.md, by what the monitor said of it.
 */
#ifndef CLI_CONFORMANCE_H
#define CLI_CONFORMANCE_H

#include "cli/machine/monitor.h"
#include "cli/judge/verdict.h"

/**
 * The report's "conformance" (docs/report.md): every rule of the list below and every other that
 * the monitor told of, each with its findings. NULL if the monitor never told. The caller frees it
 * with json_object_unref().
 */
JsonObject *conformance_of(const struct monitor *monitor);

/** Whether @rule is one of the list. */
bool conformance_has_rule(const char *rule);

/** One line for each rule, and beneath a broken one where. NULL prints that nothing is known. */
void conformance_print(JsonObject *conformance);

/** A rule that is broken, or that nobody watched, is a failure, and so is NULL. */
void conformance_judge(struct verdict *verdict, JsonObject *conformance);

/** "13 of 13 rules held". Caller frees. */
char *conformance_sum(JsonObject *conformance);

#endif
