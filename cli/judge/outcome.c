#include "cli/judge/outcome.h"

#include <signal.h>
#include <stdio.h>

/*
 * When nothing can be said about the guest there is nothing to report, except where all was run
 * and only an instrument was blind: that report has nulls for what is not known.
 */
static bool has_report(const struct session *session, const struct verdict *verdict)
{
    bool told = verdict->status == CLI_OK || verdict->status == CLI_FAILED;
    bool complete = session->end == SESSION_GUEST_DONE || session->end == SESSION_CONSOLE ||
                    session->end == SESSION_POWER_OFF;
    return session->options->json && (told || complete);
}

int outcome_tell(const struct report *report, const struct session *session,
                 const struct verdict *verdict, const char *what)
{
    int status = (int)verdict->status;
    const char *json = session->options->json;
    GError *error = NULL;
    bool written = has_report(session, verdict);
    if (written && !report_write(json, report, session, verdict, &error)) {
        status = cli_report_error(error);
        g_error_free(error);
        written = false;
    }
    fflush(stdout);
    verdict_print(verdict);
    printf("%s: %s in %.1f s%s%s\n", verdict->status == CLI_OK ? "ok" : "FAILED", what,
           session->wall_s, written ? "; report: " : "", written ? json : "");
    return status;
}

int outcome_of_plan(const struct session_plan *plan, outcome_conclude *conclude, void *context,
                    GError **error)
{
    struct session session;
    int status = CLI_ENVIRONMENT;
    if (session_run(&session, plan, error))
        status = session.end == SESSION_SIGNAL ? OUTCOME_SIGNAL + session.signal
                                               : conclude(&session, context);
    session_clear(&session);
    return status;
}

int outcome_of_verb(const struct verb *verb, enum options_verb which, int argc, char **argv,
                    int (*body)(const struct options *options, GError **error))
{
    GError *error = NULL;
    struct options *options = options_parse(verb, which, argc, argv, &error);
    int status = options ? body(options, &error) : CLI_OK;
    if (error)
        status = cli_report_error(error);
    g_clear_error(&error);
    options_free(options);
    if (status > OUTCOME_SIGNAL) {
        signal(status - OUTCOME_SIGNAL, SIG_DFL);
        raise(status - OUTCOME_SIGNAL);
    }
    return status;
}
