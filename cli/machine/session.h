/**
 * One machine from its start to its end: QEMU and everything that listens to it.
 *
 * The machine ends in one of the ways below, and QEMU with it, always: at the deadline, on
 * SIGINT or SIGTERM, and when this process dies. What the guest did stays here to be judged.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdbool.h>

#include "cli/machine/apic_trace.h"
#include "cli/machine/console.h"
#include "cli/machine/guest.h"
#include "cli/machine/hot_add.h"
#include "cli/machine/keep.h"
#include "cli/options.h"
#include "cli/machine/parked.h"
#include "cli/machine/qemu.h"

enum session_end {
    SESSION_RUNNING,
    SESSION_GUEST_DONE,  /* the kernel's "end" event */
    SESSION_CONSOLE,     /* the guest printed what was waited for */
    SESSION_FAILED,      /* or that it failed */
    SESSION_PANIC,       /* or a panic */
    SESSION_GUEST_ERROR, /* an "error" event */
    SESSION_POWER_OFF,
    SESSION_RESET,
    SESSION_DEADLINE,
    SESSION_QEMU_DIED,
    SESSION_SIGNAL,
};

struct session_plan {
    const struct options *options;
    struct qemu_image image;
    bool without_cx16;   /* in the CPU model, unless the user names it */
    bool live;           /* the serial port goes to stdout as it comes */
    bool watch_console;  /* for options->until and for Linux's panic */
    bool foreign_kernel; /* what it says on the debug console is not believed */
    bool linux_kernel;   /* it is silent without console= among its words */
    bool silent;         /* no line on the terminal while it runs */
    /** Or NULL: a line of QEMU's trace and log. True: that is enough, the machine is done. */
    bool (*heard)(void *context, const char *line);
    void *context; /* its own */
};

struct session {
    /* All this may be read once session_run() is back. */
    const struct options *options; /* the plan's, and the next too */
    const struct qemu_image *image;
    bool linux_kernel;
    struct qemu *qemu;
    struct qemu_machine machine;
    char **command;
    enum session_end end;
    int signal;  /* SESSION_SIGNAL */
    char *death; /* SESSION_QEMU_DIED: how, and what QEMU said */
    struct guest guest;
    struct console console;
    struct apic_trace trace;
    struct parked waiting; /* in the firmware */
    struct parked parked;
    struct keep keep;
    struct hot_add hot_add;
    GArray *registers;   /* struct registers by CPU index at the end, or NULL */
    GArray *apic_ids;    /* gint64 by CPU index as QEMU has them, -1 unknown; empty if never told */
    GPtrArray *problems; /* sentences: what QEMU refused to do on the way */
    double wall_s;

    struct session_running *running;
};

/** Find QEMU, start the machine and see it to its end. False: it never started; @error is set. */
bool session_run(struct session *session, const struct session_plan *plan, GError **error);

/** Print the QEMU command line that the machine has, and start nothing. False: @error is set. */
bool session_print_command(const struct session_plan *plan, GError **error);

void session_clear(struct session *session);

#endif
