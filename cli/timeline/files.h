/**
 * Reports in, timelines out.
 */
#ifndef CLI_TIMELINE_FILES_H
#define CLI_TIMELINE_FILES_H

#include "cli/timeline/picture.h"

/** A report's file. Caller unrefs. NULL: @error is CLI_ENVIRONMENT and names the file. */
JsonObject *timeline_load(const char *path, GError **error);

/** Whether a timeline can be written there: the name tells a format (else CLI_USAGE), and so on. */
bool timeline_check_output(const char *path, GError **error);

/** What is asked for besides the file. */
struct timeline_look {
    enum picture_theme theme;
    const char *title; /* or NULL */
};

/**
 * Draw @report into @path, in the format that its name ends with: the whole of it, or nothing.
 * False: @error is CLI_ENVIRONMENT and does not name the report.
 */
bool timeline_write(const char *path, JsonObject *report, const struct timeline_look *look,
                    GError **error);

/** The formats, for help and errors. */
#define TIMELINE_FORMATS "svg, png, pdf, html or json"

#endif
