#include "cli/base/paint.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#include "cli/base/output.h"

#define PLAIN "\033[0m"

bool paint_is_terminal(FILE *out)
{
    const char *terminal = g_getenv("TERM");
    return isatty(fileno(out)) && terminal && terminal[0] && strcmp(terminal, "dumb") != 0;
}

void paint_put(FILE *out, enum paint paint, const char *text)
{
    static const char *const colours[] = {[PAINT_GOOD] = "\033[32m", [PAINT_BAD] = "\033[1;31m"};
    const char *refused = g_getenv("NO_COLOR");
    bool wanted = !(refused && refused[0]) && paint_is_terminal(out);
    fprintf(out, "%s%s%s", wanted ? colours[paint] : "", text, wanted ? PLAIN : "");
}

void paint_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    paint_put(stderr, PAINT_BAD, "muster:");
    fputc(' ', stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

void paint_verdict(bool good, const char *what, const char *report)
{
    bool named = report && !output_is_standard(report);
    paint_put(stdout, good ? PAINT_GOOD : PAINT_BAD, good ? "ok:" : "FAILED:");
    printf(" %s%s%s\n", what, named ? "; report: " : "", named ? report : "");
}
