#include "cli/timeline/pen.h"

#include <math.h>
#include <string.h>

#define FONT "DejaVu Sans"

static void choose_colour(struct pen *pen, enum palette_part part)
{
    struct palette_colour colour = palette_colour(part, pen->dark);
    cairo_set_source_rgb(pen->cairo, colour.red / 255.0, colour.green / 255.0, colour.blue / 255.0);
}

void pen_fill(struct pen *pen, enum palette_part part, double x, double y, double width,
              double height)
{
    choose_colour(pen, part);
    cairo_rectangle(pen->cairo, x, y, width, height);
    cairo_fill(pen->cairo);
}

void pen_line(struct pen *pen, enum palette_part part, double thickness, double dash, double x0,
              double y0, double x1, double y1)
{
    const double dashes[] = {dash, dash / 2};
    choose_colour(pen, part);
    cairo_set_line_width(pen->cairo, thickness);
    cairo_set_dash(pen->cairo, dashes, dash > 0 ? 2 : 0, 0);
    cairo_move_to(pen->cairo, x0, y0);
    cairo_line_to(pen->cairo, x1, y1);
    cairo_stroke(pen->cairo);
}

void pen_arrow_head(struct pen *pen, enum palette_part part, double x, double y)
{
    choose_colour(pen, part);
    cairo_move_to(pen->cairo, x, y);
    cairo_line_to(pen->cairo, x - 3, y - 6);
    cairo_line_to(pen->cairo, x + 3, y - 6);
    cairo_close_path(pen->cairo);
    cairo_fill(pen->cairo);
}

void pen_dot(struct pen *pen, enum palette_part part, double x, double y, double radius)
{
    choose_colour(pen, part);
    cairo_arc(pen->cairo, x, y, radius, 0, 2 * G_PI);
    cairo_fill(pen->cairo);
}

void pen_cross(struct pen *pen, enum palette_part part, double x, double y, double radius)
{
    pen_line(pen, part, 2, 0, x - radius, y - radius, x + radius, y + radius);
    pen_line(pen, part, 2, 0, x - radius, y + radius, x + radius, y - radius);
}

/*
 * Where there is no such font fontconfig gives the nearest; where there is none at all, cairo has
 * one of its own, of strokes, which shows by its type.
 */
static void choose_font(struct pen *pen, const struct pen_style *style)
{
    cairo_select_font_face(pen->cairo, FONT, CAIRO_FONT_SLANT_NORMAL,
                           style->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(pen->cairo, style->size);
    cairo_scaled_font_t *font = cairo_get_scaled_font(pen->cairo);
    pen->coarse = cairo_scaled_font_get_type(font) == CAIRO_FONT_TYPE_USER;
}

/* "us" and "->" where the font has no such letters. Caller frees. */
static char *spell(const struct pen *pen, const char *text)
{
    return pen->coarse ? g_str_to_ascii(text, "C") : g_strdup(text);
}

double pen_text_width(struct pen *pen, const struct pen_style *style, const char *text)
{
    cairo_text_extents_t extents;
    choose_font(pen, style);
    char *spelled = spell(pen, text);
    cairo_text_extents(pen->cairo, spelled, &extents);
    g_free(spelled);
    return extents.x_advance;
}

void pen_text(struct pen *pen, const struct pen_style *style, double x, double y, const char *text)
{
    double width = pen_text_width(pen, style, text);
    double shift = style->align == PEN_LEFT ? 0 : style->align == PEN_MIDDLE ? width / 2 : width;
    choose_colour(pen, style->part);
    cairo_move_to(pen->cairo, x - shift, y);
    char *spelled = spell(pen, text);
    cairo_show_text(pen->cairo, spelled);
    g_free(spelled);
    cairo_new_path(pen->cairo);
}

void pen_text_within(struct pen *pen, const struct pen_style *style, double x, double y,
                     double width, const char *text)
{
    GString *part = g_string_new(text);
    double needed = pen_text_width(pen, style, text);
    while (needed > width && part->len > strlen("…")) {
        /* In one go to about the right length, and then letter by letter. */
        glong letters = g_utf8_strlen(part->str, -1) - 2;
        letters = MIN(letters, (glong)floor((double)letters * width / needed) + 2);
        char *end = g_utf8_offset_to_pointer(part->str, MAX(letters, 0));
        g_string_truncate(part, (gsize)(end - part->str));
        g_string_append(part, "…");
        needed = pen_text_width(pen, style, part->str);
    }
    pen_text(pen, style, x, y, part->str);
    g_string_free(part, TRUE);
}
