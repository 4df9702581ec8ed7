/**
 * Lists on the command line: "64,255", "serial,broadcast". What is wrong with one is CLI_USAGE, and
 * the error names the @option.
 */
#ifndef CLI_LISTS_H
#define CLI_LISTS_H

#include <stdbool.h>

#include <glib.h>

/** A list of numbers of CPUs: each from @least to @most, rising, and at most @room of them. */
struct lists_sizes {
    guint least, most, room;
    guint *sizes; /* filled in, with their @count */
    guint *count;
};

bool lists_read_sizes(const char *option, const char *text, const struct lists_sizes *sizes,
                      GError **error);

/** Some of @names (which end with NULL), each once: their @places, in the order of the list. */
bool lists_read_names(const char *option, const char *text, const char *const *names, guint *places,
                      guint *count, GError **error);

#endif
