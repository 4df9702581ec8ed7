/**
 * What all files of the command share: exit statuses, errors, the table of verbs.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

#include <glib.h>

#include <muster/version.h>

#include "cli/base/option.h"

/* The library's: they come together. */
#define CLI_VERSION                                                                                \
    G_STRINGIFY(MUSTER_VERSION_MAJOR)                                                              \
    "." G_STRINGIFY(MUSTER_VERSION_MINOR) "." G_STRINGIFY(MUSTER_VERSION_PATCH)
#define CLI_DATE "2026-11-22" /* of the version, for the manual page */

enum cli_status {
    CLI_OK = 0,
    CLI_FAILED = 1,      /* a CPU or a proof failed, and the message names it */
    CLI_USAGE = 2,       /* asked for wrongly */
    CLI_ENVIRONMENT = 3, /* QEMU, a file or the instrument: nothing can be said about the guest */
};

/** Errors are in this domain; their code is the exit status. */
#define CLI_ERROR (g_quark_from_static_string("muster-cli"))

/** Print "muster: <message>" on stderr and give the exit status that the error carries. */
int cli_report_error(const GError *error);

/**
 * A verb: help, manual page and completion are made from this. main() answers --help for all of
 * them; the rest of its command line is the verb's to parse, by option_parse() and its own @groups.
 */
struct verb {
    const char *name;
    const char *operands; /* behind the name in the usage line; "" for none */
    bool takes_files;     /* the operands are names of files */
    const char *summary;  /* one line */
    const char *text;     /* the rest of the help: paragraphs with an empty line between them */
    const struct option_group *const *groups; /* ends with NULL */
    int (*run)(const struct verb *verb, int argc, char **argv);
};

extern const struct verb verb_run;
extern const struct verb verb_boot;
extern const struct verb verb_conform;
extern const struct verb verb_inspect;
extern const struct verb verb_timeline;
extern const struct verb verb_simulate;
extern const struct verb verb_bench;
extern const struct verb verb_help;

/** All verbs, in the order of the help; ends with NULL. */
extern const struct verb *const cli_verbs[];

/** The verb called @name. NULL: @error is CLI_USAGE. */
const struct verb *cli_find_verb(const char *name, GError **error);

#endif
