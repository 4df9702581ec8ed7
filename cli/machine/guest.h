/**
 * What the shim and the kernel say on the debug console: one JSON object per line.
 */
#ifndef CLI_GUEST_H
#define CLI_GUEST_H

#include <stdbool.h>

#include <json-glib/json-glib.h>

#include "cli/cli.h"
#include "cli/machine/monitor.h"

enum guest_event {
    GUEST_NOISE, /* not an event */
    GUEST_OTHER, /* an event that nothing here knows; kept for the report */
    GUEST_READY,
    GUEST_HANDOVER,
    GUEST_WAITING, /* the CPUs are left in the firmware for a while */
    GUEST_WAITED,
    GUEST_PARKED, /* the CPUs are parked, and stay so for a while */
    GUEST_UNPARKED,
    GUEST_HOT_ADD,     /* the kernel waits for CPUs to come */
    GUEST_HOT_REMOVE,  /* and now for them to be asked for */
    GUEST_HOT_REMOVED, /* they are out */
    GUEST_NEXT,        /* our kernel hands over to another one */
    GUEST_ERROR,
    GUEST_INJECT_MCE,
    GUEST_INJECT_MCE_PARKED,
    GUEST_REPORT,
    GUEST_TRACE,
    GUEST_END,
    GUEST_MONITOR,
    GUEST_WHERE, /* the monitor's: a vCPU told where it is */
};

struct guest {
    bool foreign_kernel; /* somebody else's: see guest_init() */
    bool monitored;      /* a TD: the monitor speaks, too, until the end */
    struct monitor monitor;
    JsonObject *shim;              /* its ready event, or NULL */
    JsonObject *report;            /* the kernel's, or NULL */
    JsonObject *inject_mce;        /* the kernel's first such event, or NULL; a second is noise */
    JsonObject *inject_mce_parked; /* likewise */
    JsonObject *next;              /* the kernel's event on handing over to the next, or NULL */
    bool handed_over;
    char *error; /* a sentence, or NULL */
    enum cli_status error_status;
    JsonArray *trace; /* the kernel's trace events, one for each CPU */
    JsonArray *others;
    guint64 noise_lines;
};

/**
 * @foreign_kernel: only the shim is believed, and only until it hands over. From then on the debug
 * console is the guest's, which could say anything there; all of it is noise.
 *
 * Once our own kernel has handed over to another one, that is heard no more either.
 *
 * @monitored: a TD, whose monitor is heard to the end.
 */
void guest_init(struct guest *guest, bool foreign_kernel, bool monitored);

/** One line of the debug console. */
enum guest_event guest_line(struct guest *guest, const char *line);
void guest_clear(struct guest *guest);

#endif
