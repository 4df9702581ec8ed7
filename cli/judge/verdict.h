/**
 * What is to be said of a machine once it has ended: sentences, and the exit status.
 */
#ifndef CLI_VERDICT_H
#define CLI_VERDICT_H

#include <stdbool.h>

#include "cli/cli.h"
#include "cli/machine/session.h"

/** What was seen from outside after the shim handed over. -1: not known. */
struct handover {
    bool by_shim;   /* there was one to be expected */
    bool monitored; /* seen by the monitor, and told by the guest */
    gint64 init, sipi;
    gint64 init_before, sipi_before;
    gint64 cpus_up;
    gint64 guest_said;
    const char *why_not; /* why INITs and SIPIs cannot be known, and need not be; or NULL */
};

struct verdict {
    enum cli_status status;
    GPtrArray *failures; /* sentences */
    bool ended_badly;    /* the machine's end is among them */
    struct handover handover;
};

void verdict_init(struct verdict *verdict);
void verdict_clear(struct verdict *verdict);

/** Something is wrong with the guest: exit status 1, unless it was asked for wrongly. */
void verdict_fail(struct verdict *verdict, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Nothing can be said: exit status 3, unless something is certainly wrong already. */
void verdict_blind(struct verdict *verdict, const char *format, ...) G_GNUC_PRINTF(2, 3);

/**
 * Fill in verdict->handover for a machine that the shim starts. Before anything is judged.
 * @guest_said: CPUs that the guest says it has, or -1.
 */
void verdict_measure(struct verdict *verdict, const struct session *session, gint64 guest_said);

/** Judge the end, where it is bad on every verb: verdict->ended_badly. */
void verdict_end(struct verdict *verdict, const struct session *session);

/** Judge the shim and what came after it, as measured. */
void verdict_handover(struct verdict *verdict, const struct session *session);

/** Print the failures on stderr, "muster: ..." each. */
void verdict_print(const struct verdict *verdict);

#endif
