/**
 * A little colour, for the words that say how it went: on a terminal that takes it, and only if
 * its user does not set NO_COLOR (https://no-color.org).
 */
#ifndef CLI_PAINT_H
#define CLI_PAINT_H

#include <stdbool.h>
#include <stdio.h>

enum paint {
    PAINT_GOOD,
    PAINT_BAD,
};

/** Whether @out is a terminal that obeys control sequences. */
bool paint_is_terminal(FILE *out);

/** Print @text on @out, in its colour if there is to be any. */
void paint_put(FILE *out, enum paint paint, const char *text);

/** "muster: ..." and a line's end, on stderr, behind all that was printed until now. */
void paint_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * Print the last line of a verb that judges: "ok: " or "FAILED: ", @what, and the name of the
 * @report, if there is one and it is a file.
 */
void paint_verdict(bool good, const char *what, const char *report);

#endif
