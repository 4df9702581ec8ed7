/**
 * JSON written by hand, where json-glib's numbers would be long and its texts not safe in a page.
 */
#ifndef CLI_TIMELINE_EMIT_H
#define CLI_TIMELINE_EMIT_H

#include <stdbool.h>

#include <glib.h>

/** @text as a JSON string that can neither end a <script> nor a line of one; NULL is null. */
void emit_text(GString *out, const char *text);

/** Nanoseconds as microseconds, with all three digits. */
void emit_us(GString *out, gint64 ns);

#endif
