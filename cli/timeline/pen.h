/**
 * Drawing in the palette's colours. Lengths are in points of the picture, 1/72 inch.
 */
#ifndef CLI_TIMELINE_PEN_H
#define CLI_TIMELINE_PEN_H

#include <cairo.h>

#include "cli/timeline/palette.h"

struct pen {
    cairo_t *cairo;
    bool dark;
    bool coarse; /* there was no font; cairo's own has been used, which knows ASCII alone */
};

enum pen_align { PEN_LEFT, PEN_MIDDLE, PEN_RIGHT };

/** How a text is written: its size, its weight, and which end of it stays where it is put. */
struct pen_style {
    enum palette_part part;
    double size;
    bool bold;
    enum pen_align align;
};

void pen_fill(struct pen *pen, enum palette_part part, double x, double y, double width,
              double height);

/** @dash: so long are the dashes, 0 for none. */
void pen_line(struct pen *pen, enum palette_part part, double thickness, double dash, double x0,
              double y0, double x1, double y1);

/** A triangle that points down to @x, @y. */
void pen_arrow_head(struct pen *pen, enum palette_part part, double x, double y);
void pen_dot(struct pen *pen, enum palette_part part, double x, double y, double radius);
void pen_cross(struct pen *pen, enum palette_part part, double x, double y, double radius);

/** One line of text on the base line @y. */
void pen_text(struct pen *pen, const struct pen_style *style, double x, double y, const char *text);
double pen_text_width(struct pen *pen, const struct pen_style *style, const char *text);

/** The same, and what does not fit into @width is cut off, which shows. */
void pen_text_within(struct pen *pen, const struct pen_style *style, double x, double y,
                     double width, const char *text);

#endif
