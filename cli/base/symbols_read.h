/**
 * The two readers of symbols.c. What they read may be anything.
 */
#ifndef CLI_SYMBOLS_READ_H
#define CLI_SYMBOLS_READ_H

#include <stdbool.h>

#include <glib.h>

/** From here on @name, or nothing that is code. */
struct symbols_place {
    guint64 address;
    char *name; /* or NULL */
};

/** Append to @places; @name is copied, without what steers a terminal; an absurdly long one is
 * none. */
void symbols_add(GArray *places, guint64 address, const char *name);

/** Append what the file has, in any order. False: @error is CLI_ENVIRONMENT. */
bool symbols_read_elf(const char *path, GArray *places, GError **error);
bool symbols_read_list(const char *path, guint64 bytes, GArray *places, GError **error);

#endif
