#define _GNU_SOURCE /* accept4() */

#include "cli/machine/qmp.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib-unix.h>

#include "cli/cli.h"
#include "cli/base/fields.h"
#include "cli/base/stream.h"

struct waiting {
    qmp_reply *reply;
    void *context;
};

struct qmp {
    struct qmp_client client;
    int listener, peer;
    guint accept_source, write_source;
    struct stream *in;
    GString *out;
    GQueue waiting; /* struct waiting, in the order of the commands */
    bool ready;
};

static void hand_over_reply(struct qmp *qmp, JsonObject *message)
{
    struct waiting *waiting = g_queue_pop_head(&qmp->waiting);
    if (!waiting)
        return;
    JsonObject *problem = fields_object(message, "error");
    const char *text = fields_text(problem, "desc");
    if (waiting->reply)
        waiting->reply(waiting->context, problem ? NULL : json_object_get_member(message, "return"),
                       text ? text : "QEMU gave no reason");
    g_free(waiting);
}

static void on_capabilities(void *context, JsonNode *result, const char *problem)
{
    struct qmp *qmp = context;
    (void)problem;
    qmp->ready = result != NULL;
    if (qmp->ready)
        qmp->client.ready(qmp->client.context);
}

static void on_line(void *context, const char *line)
{
    struct qmp *qmp = context;
    JsonObject *message = fields_parse(line);
    if (!message)
        return;
    const char *event = fields_text(message, "event");
    if (event)
        qmp->client.event(qmp->client.context, event, fields_object(message, "data"));
    else if (json_object_has_member(message, "QMP"))
        qmp_execute(qmp, "qmp_capabilities", NULL, on_capabilities, qmp);
    else
        hand_over_reply(qmp, message);
    json_object_unref(message);
}

static gboolean on_connection(gint fd, GIOCondition condition, gpointer data)
{
    struct qmp *qmp = data;
    (void)condition;
    qmp->peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (qmp->peer < 0)
        return G_SOURCE_CONTINUE;
    const struct stream_client client = {.line = on_line, .context = qmp};
    qmp->in = stream_new(qmp->peer, &client);
    qmp->accept_source = 0;
    return G_SOURCE_REMOVE;
}

struct qmp *qmp_listen(const char *path, const struct qmp_client *client, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0) {
        g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT, "cannot make the socket %s: %s", path,
                    g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct qmp *qmp = g_new0(struct qmp, 1);
    qmp->client = *client;
    qmp->listener = fd;
    qmp->peer = -1;
    qmp->out = g_string_new(NULL);
    qmp->accept_source = g_unix_fd_add(fd, G_IO_IN, on_connection, qmp);
    return qmp;
}

bool qmp_is_ready(const struct qmp *qmp)
{
    return qmp->ready;
}

/*
 * Never blocks: QEMU may itself be waiting until we read its trace, and would then never come to
 * read this. True: all is written, or never will be.
 */
static bool flush_out(struct qmp *qmp)
{
    while (qmp->out->len) {
        ssize_t put = send(qmp->peer, qmp->out->str, qmp->out->len, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN)
            return false;
        g_string_erase(qmp->out, 0, put < 0 ? -1 : put);
    }
    return true;
}

static gboolean on_writable(gint fd, GIOCondition condition, gpointer data)
{
    struct qmp *qmp = data;
    (void)fd;
    (void)condition;
    if (!flush_out(qmp))
        return G_SOURCE_CONTINUE;
    qmp->write_source = 0;
    return G_SOURCE_REMOVE;
}

void qmp_execute(struct qmp *qmp, const char *command, const char *arguments, qmp_reply *reply,
                 void *context)
{
    if (qmp->peer < 0)
        return;
    struct waiting *waiting = g_new(struct waiting, 1);
    *waiting = (struct waiting){reply, context};
    g_queue_push_tail(&qmp->waiting, waiting);
    g_string_append_printf(qmp->out, "{\"execute\":\"%s\"", command);
    if (arguments)
        g_string_append_printf(qmp->out, ",\"arguments\":%s", arguments);
    g_string_append(qmp->out, "}\n");
    if (!qmp->write_source && !flush_out(qmp))
        qmp->write_source = g_unix_fd_add(qmp->peer, G_IO_OUT, on_writable, qmp);
}

void qmp_human(struct qmp *qmp, const char *line, qmp_reply *reply, void *context)
{
    char *arguments = g_strdup_printf("{\"command-line\":\"%s\"}", line);
    qmp_execute(qmp, "human-monitor-command", arguments, reply, context);
    g_free(arguments);
}

void qmp_drain(struct qmp *qmp)
{
    if (qmp->in)
        stream_drain(qmp->in);
}

void qmp_free(struct qmp *qmp)
{
    if (!qmp)
        return;
    if (qmp->accept_source)
        g_source_remove(qmp->accept_source);
    if (qmp->write_source)
        g_source_remove(qmp->write_source);
    stream_free(qmp->in); /* closes the peer */
    close(qmp->listener);
    g_string_free(qmp->out, TRUE);
    g_queue_clear_full(&qmp->waiting, g_free);
    g_free(qmp);
}
