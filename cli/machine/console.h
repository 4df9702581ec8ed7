/**
 * What the guest prints on its serial port: its last lines, and the few that mean something.
 */
#ifndef CLI_CONSOLE_H
#define CLI_CONSOLE_H

#include <stdbool.h>

#include <glib.h>

enum console_sign {
    CONSOLE_NOTHING,
    CONSOLE_DONE,   /* what was waited for */
    CONSOLE_FAILED, /* Muster's kernel says that it failed */
    CONSOLE_PANIC,  /* Linux's last word, and not one that was waited for */
};

struct console {
    /*
     * A text, or NULL: Linux's line on starting init, its panic for none, or the result of
     * Muster's kernel.
     */
    const char *until;
    bool watch;         /* look for signs: from the start, or once our kernel has handed over */
    gint64 guest_said;  /* CPUs, from Linux's own line; -1 while silent */
    bool muster_kernel; /* it is ours: its first line was seen */
    bool done;
    char *failed; /* Muster's kernel's line, or NULL */
    char *panic;  /* Linux's, or NULL */
    GQueue last;  /* the latest lines, oldest first */
    GRegex *starts_init, *no_init, *brought_up;
};

#define CONSOLE_KEPT_LINES 20

void console_init(struct console *console, bool watch, const char *until);

/** One line, or with @complete false the beginning of one. */
enum console_sign console_text(struct console *console, const char *text, bool complete);

/** The latest line that is not empty; "" if there was none. */
const char *console_last_line(const struct console *console);

void console_clear(struct console *console);

#endif
