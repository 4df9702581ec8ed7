/**
 * The frame of a verb that runs a machine: from its arguments to its exit status.
 */
#ifndef CLI_OUTCOME_H
#define CLI_OUTCOME_H

#include "cli/judge/report.h"

/** "0.42 s" and the like, with the report's path, on stdout; failures on stderr. */
int outcome_tell(const struct report *report, const struct session *session,
                 const struct verdict *verdict, const char *what);

/**
 * Parse the options, give them to @body, and clean up. The status is @body's, or that of the
 * error it set. If it is OUTCOME_SIGNAL + a signal, the process dies by that signal, as everybody
 * expects of it.
 */
int outcome_of_verb(const struct verb *verb, enum options_verb which, int argc, char **argv,
                    int (*body)(const struct options *options, GError **error));
#define OUTCOME_SIGNAL 128

/** End this process by that signal if @status is one of these, as everybody expects of it. */
void outcome_die_of(int status);

/** Judge what happened, tell it, and give the exit status. @context is outcome_of_plan()'s. */
typedef int outcome_conclude(const struct session *session, void *context);

/** Run the machine and give it to @conclude, unless a signal ended it. */
int outcome_of_plan(const struct session_plan *plan, outcome_conclude *conclude, void *context,
                    GError **error);

#endif
