/**
 * Starting another program so that it can never outlive this one.
 */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <stdbool.h>

#include <glib.h>

/**
 * Start @argv (argv[0] is a path) in a process group of its own, with nothing on stdin, and
 * stdout and stderr on a pipe whose other end is *@output. The kernel kills it when we die. The
 * caller reaps it with g_child_watch_add(). False: @error is CLI_ENVIRONMENT.
 */
bool child_start(char **argv, GPid *pid, int *output, GError **error);

/** Send @signal to the whole group. */
void child_signal(GPid pid, int signal);

/** "exit status 3", "signal 11 (Segmentation fault)". Caller frees. */
char *child_death(int wait_status);

/**
 * Kill the whole group of @pid and reap it. False: it is still there after a second, which only a
 * kernel in trouble brings about; nobody waits for it any longer.
 */
bool child_kill(GPid pid, int *wait_status);

enum child_end {
    CHILD_EXITED, /* by itself: wait_status says how */
    CHILD_ENOUGH, /* a line was what was waited for; the child is gone */
    CHILD_LATE,   /* the deadline passed; the child is gone */
    CHILD_STUCK,  /* the same, and it could not be killed */
};

struct child_listener {
    /** A line of what it prints. True: that is enough, end it. */
    bool (*line)(void *context, const char *line);
    void *context;
};

/**
 * Run @argv and listen to it, for at most @timeout_s. False: it was not started; @error is
 * CLI_ENVIRONMENT.
 */
bool child_listen(char **argv, unsigned timeout_s, const struct child_listener *listener,
                  enum child_end *end, int *wait_status, GError **error);

/**
 * Run @argv to its end and give what it printed, or NULL with a CLI_ENVIRONMENT error if it could
 * not be started, failed, or took longer than @timeout_s.
 */
char *child_output(char **argv, unsigned timeout_s, GError **error);

#endif
