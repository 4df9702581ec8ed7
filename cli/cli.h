/**
 * What all files of the command share: exit statuses, errors, the table of verbs.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <glib.h>

#define CLI_VERSION "0.1"

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

struct verb {
    const char *name;
    const char *operands; /* behind the name in the usage line */
    const char *summary;  /* one line */
    const char *text;     /* the rest of the help */
    int (*run)(const struct verb *verb, int argc, char **argv);
};

extern const struct verb verb_run;
extern const struct verb verb_boot;
extern const struct verb verb_conform;
extern const struct verb verb_timeline;

#endif
