/**
 * Bytes that arrive on a descriptor, handed on as lines from the main loop.
 */
#ifndef CLI_STREAM_H
#define CLI_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <glib.h>

struct stream_client {
    /** A whole line, without its end. */
    void (*line)(void *context, const char *line);
    /** Or NULL: the beginning of a line whose end has not come yet (a prompt). */
    void (*partial)(void *context, const char *text);
    /** Or NULL: the bytes as they come. */
    void (*bytes)(void *context, const char *bytes, size_t length);
    void *context;
};

/** Reads @fd, which becomes the stream's own. */
struct stream *stream_new(int fd, const struct stream_client *client);

/** Write all bytes that come to @copy, too; NULL is nothing. It stays the caller's. */
void stream_keep(struct stream *stream, FILE *copy);

/**
 * A named pipe at @path, as a place for QEMU to write to. The reader holds both ends: there is
 * no end of file when a writer leaves, and none is needed (see stream_drain()). The pipe keeps
 * all that is written until it is read here; nothing is lost and nothing fills a disk.
 */
struct stream *stream_new_pipe(const char *path, const struct stream_client *client,
                               GError **error);

/** Read what is there, without waiting; what is left without a line's end counts as a line. */
void stream_drain(struct stream *stream);

void stream_free(struct stream *stream);

#endif
