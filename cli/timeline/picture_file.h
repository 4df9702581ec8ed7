/**
 * A picture into a file whose name tells the format: .svg, .png or .pdf.
 */
#ifndef CLI_TIMELINE_PICTURE_FILE_H
#define CLI_TIMELINE_PICTURE_FILE_H

#include "cli/timeline/picture.h"

/** Whether --output @path tells a format (else CLI_USAGE) and can be written (CLI_ENVIRONMENT). */
bool picture_check_output(const char *path, GError **error);

/** The whole of it, or nothing. After picture_check_output(). False: CLI_ENVIRONMENT. */
bool picture_write(const struct picture *picture, const char *path, GError **error);

#endif
