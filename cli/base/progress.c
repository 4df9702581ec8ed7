#include "cli/base/progress.h"

#include <stdio.h>

#include <glib.h>

#include "cli/base/paint.h"

#define QUIET_US  2000000
#define UPDATE_MS 500
#define WIDTH     60

struct progress {
    gint64 start_us;
    guint timer;
    bool shown;
    char *text;
};

static gboolean show(gpointer data)
{
    struct progress *progress = data;
    gint64 passed_us = g_get_monotonic_time() - progress->start_us;
    if (passed_us >= QUIET_US) {
        char *text =
            g_utf8_substring(progress->text, 0, MIN(g_utf8_strlen(progress->text, -1), WIDTH));
        fprintf(stderr, "\r\033[K%4d s  %s", (int)(passed_us / 1000000), text);
        fflush(stderr);
        g_free(text);
        progress->shown = true;
    }
    return G_SOURCE_CONTINUE;
}

struct progress *progress_new(bool wanted)
{
    if (!wanted || !paint_is_terminal(stderr))
        return NULL;
    struct progress *progress = g_new0(struct progress, 1);
    progress->start_us = g_get_monotonic_time();
    progress->text = g_strdup("the guest is starting");
    progress->timer = g_timeout_add(UPDATE_MS, show, progress);
    return progress;
}

void progress_say(struct progress *progress, const char *text)
{
    if (!progress || !text[0])
        return;
    g_free(progress->text);
    progress->text = g_strdup(text);
}

void progress_free(struct progress *progress)
{
    if (!progress)
        return;
    g_source_remove(progress->timer);
    if (progress->shown)
        fputs("\r\033[K", stderr);
    g_free(progress->text);
    g_free(progress);
}
