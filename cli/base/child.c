#include "cli/base/child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

#include "cli/cli.h"
#include "cli/base/stream.h"

/* How long a process may take to be gone once it is killed, and how often that is looked at. */
#define REAP_US      1000000
#define REAP_LOOK_US 5000

/* Runs in the child between fork and exec: nothing but system calls. */
static void tie_to_parent(gpointer data)
{
    setpgid(0, 0); /* the terminal's Ctrl-C is for us alone; we end the child in order */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != (pid_t)GPOINTER_TO_INT(data))
        _exit(127); /* the parent died before the line above */
}

bool child_start(char **argv, GPid *pid, int *output, GError **error)
{
    int ends[2] = {-1, -1};
    GError *problem = NULL;
    bool started =
        g_unix_open_pipe(ends, FD_CLOEXEC, &problem) &&
        g_spawn_async_with_fds(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, tie_to_parent,
                               GINT_TO_POINTER(getpid()), pid, -1, ends[1], ends[1], &problem);
    if (ends[1] >= 0)
        close(ends[1]);
    if (started) {
        *output = ends[0];
        return true;
    }
    if (ends[0] >= 0)
        close(ends[0]);
    g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT, "cannot start %s: %s", argv[0],
                problem->message);
    g_error_free(problem);
    return false;
}

void child_signal(GPid pid, int signal)
{
    kill(-pid, signal);
}

char *child_death(int wait_status)
{
    if (WIFSIGNALED(wait_status))
        return g_strdup_printf("signal %d (%s)", WTERMSIG(wait_status),
                               strsignal(WTERMSIG(wait_status)));
    return g_strdup_printf("exit status %d", WEXITSTATUS(wait_status));
}

bool child_kill(GPid pid, int *wait_status)
{
    child_signal(pid, SIGKILL);
    gint64 deadline_us = g_get_monotonic_time() + REAP_US;
    /* Never a wait without end: a process inside of a driver that hangs dies for no signal. */
    while (waitpid(pid, wait_status, WNOHANG) != pid) {
        if (g_get_monotonic_time() >= deadline_us)
            return false;
        g_usleep(REAP_LOOK_US);
    }
    return true;
}

/* ---- Listening to one ---- */

struct listening {
    const struct child_listener *listener;
    GMainLoop *loop;
    enum child_end end;
    int wait_status;
    bool heard_enough;
};

static void on_line(void *context, const char *line)
{
    struct listening *listening = context;
    if (listening->heard_enough || !listening->listener->line(listening->listener->context, line))
        return;
    listening->heard_enough = true;
    listening->end = CHILD_ENOUGH;
    g_main_loop_quit(listening->loop);
}

static void on_exit_of_child(GPid pid, gint wait_status, gpointer data)
{
    struct listening *listening = data;
    (void)pid;
    listening->wait_status = wait_status;
    listening->end = CHILD_EXITED;
    g_main_loop_quit(listening->loop);
}

static gboolean on_too_long(gpointer data)
{
    struct listening *listening = data;
    listening->end = CHILD_LATE;
    g_main_loop_quit(listening->loop);
    return G_SOURCE_CONTINUE;
}

/* Until the first of all ends; then the child is gone, or given up. */
static void listen_to(struct listening *listening, GPid pid, int output, unsigned timeout_s)
{
    const struct stream_client client = {.line = on_line, .context = listening};
    struct stream *stream = stream_new(output, &client);
    listening->loop = g_main_loop_new(NULL, FALSE);
    guint watch = g_child_watch_add(pid, on_exit_of_child, listening);
    guint timer = g_timeout_add_seconds(timeout_s, on_too_long, listening);
    g_main_loop_run(listening->loop);
    g_source_remove(timer);
    if (listening->end == CHILD_EXITED) {
        child_signal(pid, SIGKILL); /* whatever a wrapper script has left in the group */
    } else {
        g_source_remove(watch);
        if (!child_kill(pid, &listening->wait_status))
            listening->end = CHILD_STUCK;
    }
    stream_drain(stream);
    stream_free(stream);
    g_main_loop_unref(listening->loop);
}

bool child_listen(char **argv, unsigned timeout_s, const struct child_listener *listener,
                  enum child_end *end, int *wait_status, GError **error)
{
    GPid pid;
    int output;
    if (!child_start(argv, &pid, &output, error))
        return false;
    struct listening listening = {.listener = listener};
    listen_to(&listening, pid, output, timeout_s);
    *end = listening.end;
    *wait_status = listening.wait_status;
    return true;
}

static bool collect(void *context, const char *line)
{
    g_string_append_printf(context, "%s\n", line);
    return false;
}

char *child_output(char **argv, unsigned timeout_s, GError **error)
{
    GString *text = g_string_new(NULL);
    const struct child_listener listener = {collect, text};
    enum child_end end;
    int wait_status;
    bool started = child_listen(argv, timeout_s, &listener, &end, &wait_status, error);
    if (started && end == CHILD_EXITED && wait_status == 0)
        return g_string_free(text, FALSE);
    if (started) {
        char *death = end == CHILD_EXITED ? child_death(wait_status)
                                          : g_strdup_printf("no end after %u s", timeout_s);
        g_strstrip(text->str);
        g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT, "'%s %s' failed: %s%s%s", argv[0],
                    argv[1] ? argv[1] : "", death, text->str[0] ? "; it said: " : "", text->str);
        g_free(death);
    }
    g_string_free(text, TRUE);
    return NULL;
}
