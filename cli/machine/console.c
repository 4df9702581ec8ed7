#include "cli/machine/console.h"

#include <string.h>

#include "cli/base/clean.h"

#define PANIC "Kernel panic - not syncing"

/* How lines of kernel/main.c and kernel/report.c begin. */
#define MUSTER_KERNEL "Muster kernel: "
#define RESULT_OK     "result: ok"
#define RESULT_FAILED "result: failed"

/* The last line of kernel/next.c: what follows is the next kernel's. */
#define NEXT_BEGINS "; its kernel begins"

static GRegex *pattern(const char *text)
{
    return g_regex_new(text, G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, NULL);
}

void console_init(struct console *console, bool watch, const char *until)
{
    *console = (struct console){.watch = watch, .until = until, .guest_said = -1};
    console->starts_init = pattern("Run \\S+ as init process");
    console->no_init = pattern(PANIC ": (VFS: Unable to mount root fs|No working init found)");
    console->brought_up = pattern("Brought up \\d+ nodes?, (\\d+) CPUs?");
}

static bool matches(GRegex *regex, const char *text)
{
    return g_regex_match(regex, text, 0, NULL);
}

/* A prompt has no line end; Linux's own lines have one, and are to be shown whole. */
static bool is_awaited(const struct console *console, const char *text, bool complete)
{
    if (console->until)
        return strstr(text, console->until) != NULL;
    if (!complete)
        return false;
    return matches(console->starts_init, text) || matches(console->no_init, text);
}

static void look_for_count(struct console *console, const char *line)
{
    GMatchInfo *match = NULL;
    if (g_regex_match(console->brought_up, line, 0, &match)) {
        char *number = g_match_info_fetch(match, 1);
        console->guest_said = g_ascii_strtoll(number, NULL, 10);
        g_free(number);
    }
    g_match_info_free(match);
}

static void keep(struct console *console, const char *line)
{
    g_queue_push_tail(&console->last, clean_text(line));
    if (g_queue_get_length(&console->last) > CONSOLE_KEPT_LINES)
        g_free(g_queue_pop_head(&console->last));
}

/* Without --until: does our own kernel say how it went? Linux has no such lines. */
static enum console_sign look_for_result(struct console *console, const char *line)
{
    if (g_str_has_prefix(line, MUSTER_KERNEL))
        console->muster_kernel = true;
    if (console->until || !console->muster_kernel)
        return CONSOLE_NOTHING;
    if (g_str_has_prefix(line, RESULT_FAILED))
        return CONSOLE_FAILED;
    return g_str_has_prefix(line, RESULT_OK) ? CONSOLE_DONE : CONSOLE_NOTHING;
}

enum console_sign console_text(struct console *console, const char *text, bool complete)
{
    if (complete)
        keep(console, text);
    if (!console->watch) {
        console->watch = complete && strstr(text, NEXT_BEGINS);
        return CONSOLE_NOTHING;
    }
    enum console_sign result = complete ? look_for_result(console, text) : CONSOLE_NOTHING;
    if (complete)
        look_for_count(console, text);
    if (result == CONSOLE_FAILED && !console->failed)
        console->failed = g_strdup(console_last_line(console));
    if (result == CONSOLE_FAILED)
        return result;
    if (result == CONSOLE_DONE || is_awaited(console, text, complete)) {
        console->done = true;
        return CONSOLE_DONE;
    }
    if (complete && !console->panic && strstr(text, PANIC)) {
        console->panic = g_strdup(console_last_line(console));
        return CONSOLE_PANIC;
    }
    return CONSOLE_NOTHING;
}

const char *console_last_line(const struct console *console)
{
    for (GList *item = console->last.tail; item; item = item->prev) {
        const char *line = item->data;
        if (line[strspn(line, " ")])
            return line;
    }
    return "";
}

void console_clear(struct console *console)
{
    g_queue_clear_full(&console->last, g_free);
    g_free(console->failed);
    g_free(console->panic);
    g_regex_unref(console->starts_init);
    g_regex_unref(console->no_init);
    g_regex_unref(console->brought_up);
}
