/**
 * The picture as a file's bytes.
 */
#ifndef CLI_TIMELINE_PICTURE_H
#define CLI_TIMELINE_PICTURE_H

#include "cli/timeline/model.h"

enum picture_theme {
    PICTURE_AUTO, /* an SVG follows its viewer's setting; what cannot is light */
    PICTURE_LIGHT,
    PICTURE_DARK,
};

/**
 * Each gives a new array, or NULL with a CLI_ENVIRONMENT error. Where there is no font a line on
 * stderr says so, and the picture has coarse letters.
 */
GByteArray *picture_svg(const struct timeline *timeline, enum picture_theme theme, GError **error);
GByteArray *picture_png(const struct timeline *timeline, enum picture_theme theme, GError **error);
GByteArray *picture_pdf(const struct timeline *timeline, enum picture_theme theme, GError **error);

#endif
