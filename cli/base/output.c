#include "cli/base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* The standard output that there was, or -1: nothing has taken its place. */
static int reserved = -1;

bool output_is_standard(const char *path)
{
    return path && strcmp(path, OUTPUT_STANDARD) == 0;
}

bool output_reserve_standard(GError **error)
{
    fflush(stdout);
    int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (kept >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0) {
        reserved = kept;
        return true;
    }
    g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT, "standard output: %s", g_strerror(errno));
    if (kept >= 0)
        close(kept);
    return false;
}

bool output_put_standard(const char *bytes, size_t length, GError **error)
{
    size_t left = length;
    while (left) {
        ssize_t put = write(reserved, bytes, left);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            g_set_error_literal(error, CLI_ERROR, CLI_ENVIRONMENT, g_strerror(errno));
            return false;
        }
        bytes += put;
        left -= (size_t)put;
    }
    return true;
}

static bool reader_has_gone(void)
{
    struct pollfd standard = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&standard, 1, 0) == 1 && (standard.revents & POLLERR);
}

bool output_close(GError **error)
{
    bool lost = ferror(stdout) || fflush(stdout) != 0;
    if (!lost || reader_has_gone())
        return true;
    g_set_error_literal(error, CLI_ERROR, CLI_ENVIRONMENT,
                        "standard output: not all could be written; is there room on the disk?");
    return false;
}
