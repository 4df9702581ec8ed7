#include "cli/judge/outcome.h"

#include <signal.h>
#include <stdio.h>

#include "cli/base/output.h"
#include "cli/base/paint.h"

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

/* Where the logs are; or, where they would be wanted, how to have them. */
static void tell_logs(const struct session *session, const struct verdict *verdict, int *status)
{
    const struct keep *keep = &session->keep;
    if (keep->problem) {
        paint_complain("--keep: %s", keep->problem);
        *status = *status == CLI_OK ? CLI_ENVIRONMENT : *status;
    } else if (keep->folder && verdict->status != CLI_OK) {
        paint_complain("what the guest printed is in %s/" KEEP_CONSOLE ", beside the other logs",
                       keep->folder);
    } else if (keep->folder) {
        printf("The logs are in %s\n", keep->folder);
    } else if (verdict->status == CLI_FAILED) {
        paint_complain("to have all that the guest printed, and the other logs: --keep DIR");
    }
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
    verdict_print(verdict);
    tell_logs(session, verdict, &status);
    char *said = g_strdup_printf("%s in %.1f s", what, session->wall_s);
    paint_verdict(verdict->status == CLI_OK, said, written ? json : NULL);
    g_free(said);
    return status;
}

/* Only the command goes to stdout: so it can be given to a shell as it is. */
static int print_command(const struct session_plan *plan, GError **error)
{
    if (!session_print_command(plan, error))
        return CLI_ENVIRONMENT;
    fprintf(stderr,
            "The guest's serial port is then on the terminal; its events go to ./" QEMU_OWN_EVENTS
            "%s.\n"
            "A run has these in pipes, in a folder of its own, and hears QEMU by QMP: so it also\n"
            "knows when the guest is done, and injects what the guest asks for.\n",
            plan->image.monitor ? "" : ", a trace\nof the APIC to ./" QEMU_OWN_TRACE);
    return CLI_OK;
}

int outcome_of_plan(const struct session_plan *plan, outcome_conclude *conclude, void *context,
                    GError **error)
{
    struct session session;
    int status = CLI_ENVIRONMENT;
    if (plan->options->dry_run)
        return print_command(plan, error);
    if (session_run(&session, plan, error))
        status = session.end == SESSION_SIGNAL ? OUTCOME_SIGNAL + session.signal
                                               : conclude(&session, context);
    session_clear(&session);
    return status;
}

void outcome_die_of(int status)
{
    if (status <= OUTCOME_SIGNAL)
        return;
    signal(status - OUTCOME_SIGNAL, SIG_DFL);
    raise(status - OUTCOME_SIGNAL);
}

int outcome_of_verb(const struct verb *verb, enum options_verb which, int argc, char **argv,
                    int (*body)(const struct options *options, GError **error))
{
    GError *error = NULL;
    struct options *options = options_parse(verb, which, argc, argv, &error);
    int status = CLI_OK;
    if (options && (!output_is_standard(options->json) || output_reserve_standard(&error)))
        status = body(options, &error);
    if (error)
        status = cli_report_error(error);
    g_clear_error(&error);
    options_free(options);
    outcome_die_of(status);
    return status;
}
