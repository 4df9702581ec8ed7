#include "cli/console.h"

#include <string.h>

#define PANIC "Kernel panic - not syncing"

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

/* Colours and other control characters are for a terminal, not for a message. */
static void keep(struct console *console, const char *line)
{
    GString *clean = g_string_new(NULL);
    for (const char *c = line; *c; c++) {
        if (*c == '\033' && c[1] == '[') {
            for (c += 2; *c && (*c < '@' || *c > '~'); c++)
                ;
            if (!*c)
                break;
        } else if ((guchar)*c >= ' ' && *c != 0x7f) {
            g_string_append_c(clean, *c);
        }
    }
    g_queue_push_tail(&console->last, g_utf8_make_valid(clean->str, (gssize)clean->len));
    g_string_free(clean, TRUE);
    if (g_queue_get_length(&console->last) > CONSOLE_KEPT_LINES)
        g_free(g_queue_pop_head(&console->last));
}

enum console_sign console_text(struct console *console, const char *text, bool complete)
{
    if (complete)
        keep(console, text);
    if (!console->watch)
        return CONSOLE_NOTHING;
    if (complete)
        look_for_count(console, text);
    if (is_awaited(console, text, complete)) {
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
    g_free(console->panic);
    g_regex_unref(console->starts_init);
    g_regex_unref(console->no_init);
    g_regex_unref(console->brought_up);
}
