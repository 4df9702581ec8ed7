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

struct collected {
    GMainLoop *loop;
    GString *text;
    int wait_status;
    bool late;
};

static void on_line(void *context, const char *line)
{
    struct collected *collected = context;
    g_string_append_printf(collected->text, "%s\n", line);
}

static void on_exit_of_child(GPid pid, gint wait_status, gpointer data)
{
    struct collected *collected = data;
    (void)pid;
    collected->wait_status = wait_status;
    g_main_loop_quit(collected->loop);
}

static gboolean on_too_long(gpointer data)
{
    struct collected *collected = data;
    collected->late = true;
    g_main_loop_quit(collected->loop);
    return G_SOURCE_CONTINUE;
}

/* Wait for the end, or end it; afterwards the child is reaped either way. */
static void collect(struct collected *collected, GPid pid, int output, unsigned timeout_s)
{
    const struct stream_client client = {.line = on_line, .context = collected};
    struct stream *stream = stream_new(output, &client);
    collected->loop = g_main_loop_new(NULL, FALSE);
    guint watch = g_child_watch_add(pid, on_exit_of_child, collected);
    guint timer = g_timeout_add_seconds(timeout_s, on_too_long, collected);
    g_main_loop_run(collected->loop);
    g_source_remove(timer);
    if (collected->late) {
        g_source_remove(watch);
        child_signal(pid, SIGKILL);
        waitpid(pid, &collected->wait_status, 0);
    }
    stream_drain(stream);
    stream_free(stream);
    g_main_loop_unref(collected->loop);
}

char *child_output(char **argv, unsigned timeout_s, GError **error)
{
    GPid pid;
    int output;
    if (!child_start(argv, &pid, &output, error))
        return NULL;
    struct collected collected = {.text = g_string_new(NULL)};
    collect(&collected, pid, output, timeout_s);
    if (!collected.late && collected.wait_status == 0)
        return g_string_free(collected.text, FALSE);

    char *death = collected.late ? g_strdup_printf("no end after %u s", timeout_s)
                                 : child_death(collected.wait_status);
    g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT, "'%s %s' failed: %s%s%s", argv[0],
                argv[1] ? argv[1] : "", death, collected.text->len ? "; it said: " : "",
                g_strstrip(collected.text->str));
    g_free(death);
    g_string_free(collected.text, TRUE);
    return NULL;
}
