/**
 * The picture as a file's bytes.
 */
#ifndef CLI_TIMELINE_PICTURE_H
#define CLI_TIMELINE_PICTURE_H

#include "cli/timeline/pen.h"

enum picture_theme {
    PICTURE_AUTO, /* an SVG follows its viewer's setting; what cannot is light */
    PICTURE_LIGHT,
    PICTURE_DARK,
};

struct picture {
    const char *title;
    const char *summary, *machine; /* a sentence each, for whoever hears the picture */
    /** Draw all of it from the top, DRAW_WIDTH wide; gives the height that it takes. */
    double (*draw)(struct pen *pen, const void *subject);
    const void *subject;
};

/**
 * Each gives a new array, or NULL with a CLI_ENVIRONMENT error. Where there is no font a line on
 * stderr says so, and the picture has coarse letters.
 */
typedef GByteArray *picture_make(const struct picture *picture, enum picture_theme theme,
                                 GError **error);
picture_make picture_svg, picture_png, picture_pdf;

#endif
