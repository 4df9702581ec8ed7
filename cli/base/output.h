/**
 * Standard output: whose it is, and whether all of it got there.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>

#include <glib.h>

/** As the name of a file: standard output. */
#define OUTPUT_STANDARD "-"

/** Whether @path, which may be NULL, is OUTPUT_STANDARD. */
bool output_is_standard(const char *path);

/**
 * From now on what is printed goes to stderr; output_put_standard() alone writes to the standard
 * output that there was. False: @error is CLI_ENVIRONMENT.
 */
bool output_reserve_standard(GError **error);

/** Write these there, to the end. False: @error says why not. */
bool output_put_standard(const char *bytes, size_t length, GError **error);

/**
 * Call it last. False: something that was printed is lost, and @error is CLI_ENVIRONMENT. A reader
 * that went away (`| head`) has what it wanted.
 */
bool output_close(GError **error);

#endif
