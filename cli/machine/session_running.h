/**
 * What the files of a session share while its machine runs: session.c starts it and hears QEMU,
 * session_guest.c hears the guest, session_end.c brings it to its end.
 */
#ifndef CLI_SESSION_RUNNING_H
#define CLI_SESSION_RUNNING_H

#include "cli/base/progress.h"
#include "cli/machine/qmp.h"
#include "cli/machine/session.h"
#include "cli/base/stream.h"

struct session_running {
    const struct session_plan *plan;
    GMainLoop *loop;
    char *folder;
    GPid pid;
    struct qmp *qmp;
    struct stream *console, *serial, *trace, *output;
    GString *said;   /* QEMU's own stdout and stderr */
    guint cpus_told; /* that QEMU says it has */
    struct progress *progress;
    bool stdout_gone;
    bool paused; /* the guest has ended the machine itself: nothing in it answers any more */
    bool exited;
    gint64 asked_us, told_us; /* where the vCPUs are: the first question, the last answer */
    guint deadline, grace, panic, where, child_watch, signals[3];
};

/**
 * The machine has come to @end, the first one counts: ask it what is to be known of it, with a
 * deadline, and make QEMU quit.
 */
void session_finish(struct session *session, enum session_end end);

/** The guest has ended the machine itself: whoever is still being asked will not answer. */
void session_guest_ended(struct session *session);

/** A vCPU has told where it is. */
void session_where_told(struct session *session);

/** From now on the deadline, the user's signals and QEMU's own exit end the machine. */
void session_watch_signals(struct session *session);
void session_watch_deadline(struct session *session);
void session_watch_exit(struct session *session);

/** Take in what the machine has written until now. */
void session_drain(struct session *session);

/** Hear the guest: clients for the streams of its debug console and its serial port. */
struct stream_client session_console_client(struct session *session);
struct stream_client session_serial_client(struct session *session);

#endif
