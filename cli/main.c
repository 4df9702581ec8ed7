#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/base/output.h"
#include "cli/base/paint.h"
#include "cli/base/words.h"
#include "cli/cli.h"
#include "cli/help.h"

const struct verb *const cli_verbs[] = {&verb_run,     &verb_boot,     &verb_conform,
                                        &verb_inspect, &verb_timeline, &verb_simulate,
                                        &verb_bench,   &verb_help,     NULL};

int cli_report_error(const GError *error)
{
    paint_complain("%s", error->message);
    return error->domain == CLI_ERROR ? error->code : CLI_ENVIRONMENT;
}

const struct verb *cli_find_verb(const char *name, GError **error)
{
    const char *names[G_N_ELEMENTS(cli_verbs)];
    size_t count = 0;
    for (; cli_verbs[count]; count++) {
        names[count] = cli_verbs[count]->name;
        if (strcmp(names[count], name) == 0)
            return cli_verbs[count];
    }
    names[count] = NULL;
    const char *nearest = words_nearest(names, name);
    if (nearest)
        option_refuse(error, "there is no verb '%s'; did you mean '%s'? 'muster help' lists them",
                      name, nearest);
    else
        option_refuse(error, "there is no verb '%s'; 'muster help' lists them", name);
    return NULL;
}

/* Before a "--", behind which all words are QEMU's. */
static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static int run_verb(int argc, char **argv)
{
    GError *error = NULL;
    const struct verb *verb = cli_find_verb(argv[0], &error);
    if (verb && asks_for_help(argc, argv)) {
        help_print_verb(verb);
        return CLI_OK;
    }
    if (verb)
        return verb->run(verb, argc, argv);
    int status = cli_report_error(error);
    g_error_free(error);
    return status;
}

static int run(int argc, char **argv)
{
    const char *name = argc < 2 ? "help" : argv[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        puts("muster " CLI_VERSION);
        return CLI_OK;
    }
    if (argc < 2 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        help_print_overview();
        return CLI_OK;
    }
    return run_verb(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    g_set_prgname("muster");
    /* A reader that goes away (`muster boot ... | head`) must not leave files behind. */
    signal(SIGPIPE, SIG_IGN);

    int status = run(argc, argv);
    GError *error = NULL;
    if (output_close(&error))
        return status;
    cli_report_error(error);
    g_error_free(error);
    return status == CLI_OK ? CLI_ENVIRONMENT : status;
}
