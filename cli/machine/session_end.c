#include "cli/machine/session_running.h"

#include <signal.h>

#include <glib-unix.h>

#include "cli/base/child.h"
#include "cli/base/fields.h"
#include "cli/machine/registers.h"

/* How long QEMU may take to answer and leave once it has been asked to. */
#define GRACE_MS 10000
/* Without QMP it gets a signal, and then a stronger one. */
#define TERMINATE_MS 1000
/* Killed, it is gone at once, unless the host's kernel holds it. */
#define KILLED_MS 5000
/* How long the vCPUs of a TD may take to tell where they are; when silent, they are asked again. */
#define WHERE_MS  5000
#define SILENT_MS 500

/* ---- The end: questions, quit, exit. Each step starts the next. ---- */

/* Inside of a driver that hangs, no signal ends a process: it is told, and not waited for. */
static gboolean give_up(gpointer data)
{
    struct session *session = data;
    struct session_running *running = session->running;
    g_ptr_array_add(session->problems,
                    g_strdup_printf("QEMU (process %d) cannot be killed", (int)running->pid));
    running->grace = 0;
    session_drain(session);
    g_main_loop_quit(running->loop);
    return G_SOURCE_REMOVE;
}

static gboolean kill_qemu(gpointer data)
{
    struct session *session = data;
    child_signal(session->running->pid, SIGKILL);
    session->running->grace = g_timeout_add(KILLED_MS, give_up, session);
    return G_SOURCE_REMOVE;
}

static void quit(struct session *session)
{
    struct session_running *running = session->running;
    qmp_execute(running->qmp, "quit", NULL, NULL, NULL);
    if (!running->grace && !running->exited)
        running->grace = g_timeout_add(GRACE_MS, kill_qemu, session);
}

static void on_registers(void *context, JsonNode *result, const char *problem)
{
    struct session *session = context;
    (void)problem;
    if (result && json_node_get_value_type(result) == G_TYPE_STRING)
        session->registers = registers_parse(json_node_get_string(result));
    /* Not sent right behind the question: QEMU may leave before a long answer has gone out. */
    quit(session);
}

static void ask_qemu(struct session *session)
{
    struct session_running *running = session->running;
    qmp_execute(running->qmp, "stop", NULL, NULL, NULL);
    qmp_human(running->qmp, "info registers -a", on_registers, session);
    running->grace = g_timeout_add(GRACE_MS, kill_qemu, session);
}

/*
 * An NMI on every CPU is what the monitor takes as the question where its vCPUs are. One that meets
 * an NMI by which the vCPUs kick each other is lost, so it is sent again.
 */
static gboolean on_ask_again(gpointer data)
{
    struct session *session = data;
    struct session_running *running = session->running;
    gint64 now_us = g_get_monotonic_time();
    if (now_us >= running->asked_us + WHERE_MS * G_TIME_SPAN_MILLISECOND) {
        running->where = 0;
        quit(session);
        return G_SOURCE_REMOVE;
    }
    if (now_us >= running->told_us + SILENT_MS * G_TIME_SPAN_MILLISECOND)
        qmp_execute(running->qmp, "inject-nmi", NULL, NULL, NULL);
    return G_SOURCE_CONTINUE;
}

static void stop_asking(struct session *session)
{
    struct session_running *running = session->running;
    if (!running->where)
        return;
    g_source_remove(running->where);
    running->where = 0;
    quit(session);
}

/*
 * A monitored guest's registers are not QEMU's: the monitor is asked where its vCPUs are, and how
 * the guest has done until then. Of a guest that has ended itself it has told all that by itself.
 */
static void ask_monitor(struct session *session)
{
    struct session_running *running = session->running;
    if (running->paused) {
        quit(session);
        return;
    }
    running->asked_us = running->told_us = g_get_monotonic_time();
    running->where = g_timeout_add(SILENT_MS, on_ask_again, session);
    qmp_execute(running->qmp, "inject-nmi", NULL, NULL, NULL);
}

void session_where_told(struct session *session)
{
    session->running->told_us = g_get_monotonic_time();
    if (fields_length(session->guest.monitor.where) >= session->options->cpus)
        stop_asking(session);
}

void session_guest_ended(struct session *session)
{
    session->running->paused = true;
    stop_asking(session);
}

void session_finish(struct session *session, enum session_end end)
{
    struct session_running *running = session->running;
    if (session->end != SESSION_RUNNING)
        return;
    session->end = end;
    if (!running->pid || running->exited)
        return;
    if (!qmp_is_ready(running->qmp) || end == SESSION_SIGNAL) {
        child_signal(running->pid, SIGTERM);
        running->grace = g_timeout_add(TERMINATE_MS, kill_qemu, session);
    } else if (session->options->monitored) {
        ask_monitor(session);
    } else {
        ask_qemu(session);
    }
}

void session_drain(struct session *session)
{
    struct session_running *running = session->running;
    stream_drain(running->console);
    stream_drain(running->serial);
    stream_drain(running->trace);
    stream_drain(running->output);
}

static void on_qemu_exit(GPid pid, gint wait_status, gpointer data)
{
    struct session *session = data;
    struct session_running *running = session->running;
    running->child_watch = 0;
    running->exited = true;
    child_signal(pid, SIGKILL); /* whatever a wrapper script has left in the group */
    qmp_drain(running->qmp);
    session_drain(session);
    if (session->end == SESSION_RUNNING) {
        session->end = SESSION_QEMU_DIED;
        char *how = child_death(wait_status);
        g_strstrip(running->said->str);
        session->death =
            g_strdup_printf("%s%s%s", how, running->said->str[0] ? ": " : "", running->said->str);
        g_free(how);
    }
    g_main_loop_quit(running->loop);
}

void session_watch_exit(struct session *session)
{
    struct session_running *running = session->running;
    running->child_watch = g_child_watch_add(running->pid, on_qemu_exit, session);
}

/* ---- What ends a machine from outside. ---- */

static gboolean on_deadline(gpointer data)
{
    struct session *session = data;
    session->running->deadline = 0;
    session_finish(session, SESSION_DEADLINE);
    return G_SOURCE_REMOVE;
}

void session_watch_deadline(struct session *session)
{
    session->running->deadline =
        g_timeout_add((guint)(session->options->timeout_s * 1000), on_deadline, session);
}

static gboolean on_signal(struct session *session, int number)
{
    session->signal = number;
    session_finish(session, SESSION_SIGNAL);
    return G_SOURCE_CONTINUE;
}

static gboolean on_sigint(gpointer data)
{
    return on_signal(data, SIGINT);
}

static gboolean on_sigterm(gpointer data)
{
    return on_signal(data, SIGTERM);
}

static gboolean on_sighup(gpointer data)
{
    return on_signal(data, SIGHUP);
}

void session_watch_signals(struct session *session)
{
    struct session_running *running = session->running;
    running->signals[0] = g_unix_signal_add(SIGINT, on_sigint, session);
    running->signals[1] = g_unix_signal_add(SIGTERM, on_sigterm, session);
    running->signals[2] = g_unix_signal_add(SIGHUP, on_sighup, session);
}
