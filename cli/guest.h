/**
 * What the shim and the kernel say on the debug console: one JSON object per line.
 */
#ifndef CLI_GUEST_H
#define CLI_GUEST_H

#include <stdbool.h>

#include <json-glib/json-glib.h>

#include "cli/cli.h"

enum guest_event {
    GUEST_NOISE, /* not an event */
    GUEST_OTHER, /* an event that nothing here knows; kept for the report */
    GUEST_READY,
    GUEST_HANDOVER,
    GUEST_ERROR,
    GUEST_INJECT_MCE,
    GUEST_REPORT,
    GUEST_END,
};

struct guest {
    JsonObject *shim;   /* its ready event, or NULL */
    JsonObject *report; /* the kernel's, or NULL */
    bool handed_over;
    char *error; /* a sentence, or NULL */
    enum cli_status error_status;
    JsonArray *others;
    guint64 noise_lines;
};

void guest_init(struct guest *guest);
enum guest_event guest_line(struct guest *guest, const char *line);
void guest_clear(struct guest *guest);

#endif
