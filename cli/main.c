#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct verb *const verbs[] = {&verb_run, &verb_boot, &verb_conform, &verb_timeline};

int cli_report_error(const GError *error)
{
    fprintf(stderr, "muster: %s\n", error->message);
    return error->domain == CLI_ERROR ? error->code : CLI_ENVIRONMENT;
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    }
    return NULL;
}

static void print_overview(void)
{
    printf("Usage: muster VERB [OPTIONS]\n\n"
           "Wake every processor of an x86-64 machine, and prove it.\n\n");
    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
        printf("  %-12s %s\n", verbs[i]->name, verbs[i]->summary);
    printf("  %-12s %s\n", "help VERB", "the options of a verb");
    printf("  %-12s %s\n\n", "--version", "the version of this command");
    printf("Exit status: 0 all CPUs on, all proofs and all rules held; 1 something failed, and\n"
           "it says what; 2 wrong usage; 3 the environment (QEMU, files).\n");
}

static int unknown_verb(const char *name)
{
    fprintf(stderr, "muster: there is no verb '%s'; 'muster help' lists them\n", name);
    return CLI_USAGE;
}

static int help(int argc, char **argv)
{
    if (argc < 2) {
        print_overview();
        return CLI_OK;
    }
    const struct verb *verb = find_verb(argv[1]);
    if (!verb)
        return unknown_verb(argv[1]);
    char option[] = "--help";
    char *arguments[] = {argv[1], option, NULL};
    return verb->run(verb, 2, arguments);
}

int main(int argc, char **argv)
{
    g_set_prgname("muster");
    /* A reader that goes away (`muster boot ... | head`) must not leave files behind. */
    signal(SIGPIPE, SIG_IGN);

    if (argc < 2)
        return help(argc, argv);
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        puts("muster " CLI_VERSION);
        return CLI_OK;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(argc - 1, argv + 1);
    const struct verb *verb = find_verb(name);
    if (!verb)
        return unknown_verb(name);
    return verb->run(verb, argc - 1, argv + 1);
}
