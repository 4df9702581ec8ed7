#define _GNU_SOURCE /* F_SETPIPE_SZ */

#include "cli/base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib-unix.h>

#include "cli/cli.h"

/* Longer lines are cut here, so that a guest cannot eat the host's memory. */
#define LONGEST_LINE  ((size_t)64 << 20)
#define PIPE_CAPACITY (1 << 20)

struct stream {
    int fd;
    guint source;
    GString *pending;
    struct stream_client client;
    FILE *copy; /* or NULL */
};

static void deliver_line(struct stream *stream, char *line, size_t length)
{
    line[length] = 0;
    if (length && line[length - 1] == '\r')
        line[length - 1] = 0;
    stream->client.line(stream->client.context, line);
}

static void deliver(struct stream *stream)
{
    char *start = stream->pending->str;
    char *end = start + stream->pending->len;
    char *newline;
    while ((newline = memchr(start, '\n', (size_t)(end - start)))) {
        deliver_line(stream, start, (size_t)(newline - start));
        start = newline + 1;
    }
    if ((size_t)(end - start) > LONGEST_LINE) {
        deliver_line(stream, start, LONGEST_LINE);
        start = end;
    }
    g_string_erase(stream->pending, 0, start - stream->pending->str);
    if (stream->pending->len && stream->client.partial)
        stream->client.partial(stream->client.context, stream->pending->str);
}

/* One read. False: nothing there now, or never again (*ended). */
static bool read_some(struct stream *stream, bool *ended)
{
    char buffer[65536];
    ssize_t got = read(stream->fd, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR)
        return true;
    *ended = got == 0 || (got < 0 && errno != EAGAIN);
    if (got <= 0)
        return false;
    if (stream->copy)
        fwrite(buffer, 1, (size_t)got, stream->copy); /* its owner looks for errors */
    if (stream->client.bytes)
        stream->client.bytes(stream->client.context, buffer, (size_t)got);
    g_string_append_len(stream->pending, buffer, got);
    deliver(stream);
    return true;
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
    struct stream *stream = data;
    (void)fd;
    (void)condition;
    bool ended = false;
    read_some(stream, &ended);
    if (!ended)
        return G_SOURCE_CONTINUE;
    stream->source = 0;
    return G_SOURCE_REMOVE;
}

struct stream *stream_new(int fd, const struct stream_client *client)
{
    struct stream *stream = g_new0(struct stream, 1);
    stream->fd = fd;
    stream->client = *client;
    stream->pending = g_string_new(NULL);
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    stream->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, stream);
    return stream;
}

void stream_keep(struct stream *stream, FILE *copy)
{
    stream->copy = copy;
}

struct stream *stream_new_pipe(const char *path, const struct stream_client *client, GError **error)
{
    int fd = -1;
    if (mkfifo(path, 0600) == 0)
        fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT, "cannot make the pipe %s: %s", path,
                    g_strerror(errno));
        return NULL;
    }
    /* Only so that QEMU seldom waits for us; the kernel may refuse. */
    (void)fcntl(fd, F_SETPIPE_SZ, PIPE_CAPACITY);
    return stream_new(fd, client);
}

void stream_drain(struct stream *stream)
{
    bool ended = false;
    while (read_some(stream, &ended))
        ;
    if (stream->pending->len) {
        g_string_append_c(stream->pending, '\n');
        deliver(stream);
    }
}

void stream_free(struct stream *stream)
{
    if (!stream)
        return;
    if (stream->source)
        g_source_remove(stream->source);
    close(stream->fd);
    g_string_free(stream->pending, TRUE);
    g_free(stream);
}
