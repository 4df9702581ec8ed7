/**
 * The logs of a machine, kept in a folder that the user names.
 */
#ifndef CLI_KEEP_H
#define CLI_KEEP_H

#include <stdbool.h>
#include <stdio.h>

#include <glib.h>

/** Names in that folder. */
#define KEEP_CONSOLE "console.log" /* the guest's serial port */
#define KEEP_EVENTS  "events.log"  /* what shim, kernel and monitor say on the debug console */
#define KEEP_TRACE   "trace.log"   /* QEMU's trace of the local APIC */
#define KEEP_QEMU    "qemu.log"    /* QEMU's own stdout and stderr */
#define KEEP_COMMAND "command.sh"  /* QEMU's command line, for a user's shell */

struct keep {
    const char *folder; /* or NULL: nothing is kept, and all streams are NULL */
    FILE *console, *events, *trace, *qemu;
    char *problem; /* a sentence, once something could not be kept; or NULL */
};

/** Make the folder, if it is not there, and the logs in it. False: @error is CLI_ENVIRONMENT. */
bool keep_open(struct keep *keep, const char *folder, GError **error);

/** Keep @text under KEEP_COMMAND. */
void keep_command(struct keep *keep, const char *text);

/** All is written, or keep->problem says that it is not. */
void keep_close(struct keep *keep);

/** Free what is left. */
void keep_clear(struct keep *keep);

#endif
