/**
 * A client of QEMU's machine protocol (QMP). QEMU connects to us; all happens in the main loop.
 */
#ifndef CLI_QMP_H
#define CLI_QMP_H

#include <stdbool.h>

#include <json-glib/json-glib.h>

/** @result is NULL if QEMU refused; @problem then says why. Both are gone after the call. */
typedef void qmp_reply(void *context, JsonNode *result, const char *problem);

struct qmp_client {
    void (*ready)(void *context); /* commands may be sent now */
    void (*event)(void *context, const char *name, JsonObject *data);
    void *context;
};

/** Wait for QEMU at the socket @path, which is made. NULL: @error is CLI_ENVIRONMENT. */
struct qmp *qmp_listen(const char *path, const struct qmp_client *client, GError **error);

bool qmp_is_ready(const struct qmp *qmp);

/**
 * Send a command with its arguments (a JSON object as text, or NULL). @reply may be NULL. Commands
 * are answered in order. Before ready() nothing is sent and nobody answers.
 */
void qmp_execute(struct qmp *qmp, const char *command, const char *arguments, qmp_reply *reply,
                 void *context);

/** A line for QEMU's human monitor; the reply is its text. @line needs no JSON escapes. */
void qmp_human(struct qmp *qmp, const char *line, qmp_reply *reply, void *context);

/** Take in what QEMU has sent until now: after its end, the last replies. */
void qmp_drain(struct qmp *qmp);

void qmp_free(struct qmp *qmp);

#endif
