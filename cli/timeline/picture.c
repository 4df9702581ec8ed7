#include "cli/timeline/picture.h"

#include <math.h>
#include <string.h>

#include <cairo-pdf.h>
#include <cairo-svg.h>

#include "cli/base/files.h"
#include "cli/base/paint.h"
#include "cli/timeline/draw.h"

/* A PNG has so many pixels for a point: sharp on today's screens, and in print. */
#define PNG_SCALE 2

static cairo_status_t append(void *context, const unsigned char *bytes, unsigned length)
{
    g_byte_array_append(context, bytes, length);
    return CAIRO_STATUS_SUCCESS;
}

/* All is drawn twice: once on paper without end, to know how high it is. */
static double measure(const struct picture *picture)
{
    cairo_surface_t *surface = cairo_recording_surface_create(CAIRO_CONTENT_COLOR, NULL);
    struct pen pen = {.cairo = cairo_create(surface)};
    double height = picture->draw(&pen, picture->subject);
    if (pen.coarse)
        paint_complain("there is no font here, and the letters are coarse; install one, such as "
                       "Debian's fonts-dejavu-core");
    cairo_destroy(pen.cairo);
    cairo_surface_destroy(surface);
    return ceil(height);
}

/* The status is that of whatever failed first. */
static cairo_status_t paint(cairo_surface_t *surface, const struct picture *picture,
                            enum picture_theme theme, double height)
{
    struct pen pen = {.cairo = cairo_create(surface), .dark = theme == PICTURE_DARK};
    pen_fill(&pen, PALETTE_PAPER, 0, 0, DRAW_WIDTH, height);
    picture->draw(&pen, picture->subject);
    cairo_status_t status = cairo_status(pen.cairo);
    cairo_destroy(pen.cairo);
    return status ? status : cairo_surface_status(surface);
}

static GByteArray *conclude(GByteArray *bytes, cairo_status_t status, GError **error)
{
    if (!status)
        return bytes;
    files_refuse(error, "cairo cannot draw it: %s", cairo_status_to_string(status));
    g_byte_array_unref(bytes);
    return NULL;
}

/* The part that is drawn in this colour, of which cairo writes shares of 100. */
static bool find_part(const double shares[3], enum palette_part *part)
{
    for (int i = 0; i < PALETTE_PARTS; i++) {
        struct palette_colour colour = palette_colour((enum palette_part)i, false);
        const guint8 wanted[] = {colour.red, colour.green, colour.blue};
        bool same = true;
        for (size_t j = 0; j < G_N_ELEMENTS(wanted); j++)
            same = same && fabs(shares[j] * 255 / 100 - wanted[j]) < 0.5;
        if (same) {
            *part = (enum palette_part)i;
            return true;
        }
    }
    return false;
}

/* "rgb(90.2%,62.4%,0%)" at @text: what is behind it, or NULL. */
static const char *read_colour(const char *text, double shares[3])
{
    if (!g_str_has_prefix(text, "rgb("))
        return NULL;
    text += strlen("rgb(");
    for (int i = 0; i < 3; i++) {
        char *end;
        shares[i] = g_ascii_strtod(text, &end);
        if (end == text || *end != '%')
            return NULL;
        text = end + 1;
        while (*text == ',' || *text == ' ')
            text++;
    }
    return *text == ')' ? text + 1 : NULL;
}

static void add_hex(GString *text, struct palette_colour colour)
{
    g_string_append_printf(text, "#%02x%02x%02x", colour.red, colour.green, colour.blue);
}

/* Cairo's numbers differ from release to release; what the style sheet looks for must not. */
static void append_with_hex(GString *out, const char *svg)
{
    while (*svg) {
        double shares[3];
        enum palette_part part;
        const char *behind = read_colour(svg, shares);
        if (behind && find_part(shares, &part)) {
            add_hex(out, palette_colour(part, false));
            svg = behind;
        } else {
            g_string_append_c(out, *svg++);
        }
    }
}

/* Cairo has a colour in an attribute or in a style; a variable would not be known to every viewer.
 */
static void add_dark_rules(GString *out)
{
    static const char *const properties[] = {"fill", "stroke"};
    g_string_append(out, "<style>@media (prefers-color-scheme: dark) {\n");
    for (int i = 0; i < PALETTE_PARTS; i++) {
        GString *light = g_string_new(NULL), *dark = g_string_new(NULL);
        add_hex(light, palette_colour((enum palette_part)i, false));
        add_hex(dark, palette_colour((enum palette_part)i, true));
        for (size_t j = 0; j < G_N_ELEMENTS(properties); j++)
            g_string_append_printf(out, "[%s=\"%s\"], [style*=\"%s:%s\"] { %s: %s !important }\n",
                                   properties[j], light->str, properties[j], light->str,
                                   properties[j], dark->str);
        g_string_free(light, TRUE);
        g_string_free(dark, TRUE);
    }
    g_string_append(out, "}</style>\n");
}

/* For whoever hears the picture, since its letters are outlines. */
static void add_description(GString *out, const struct picture *picture)
{
    char *text = g_markup_printf_escaped("<title>%s</title>\n<desc>%s. %s</desc>\n", picture->title,
                                         picture->summary, picture->machine);
    g_string_append(out, text);
    g_free(text);
}

static GByteArray *finish_svg(GByteArray *bytes, const struct picture *picture,
                              enum picture_theme theme)
{
    GString *out = g_string_new(NULL);
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    const char *svg = (const char *)bytes->data;
    const char *root = strstr(svg, "<svg");
    const char *inside = root ? strchr(root, '>') : NULL;
    if (inside) {
        g_string_append_len(out, svg, inside + 1 - svg);
        g_string_append_c(out, '\n');
        add_description(out, picture);
        if (theme == PICTURE_AUTO)
            add_dark_rules(out);
        svg = inside + 1;
    }
    if (theme == PICTURE_AUTO)
        append_with_hex(out, svg);
    else
        g_string_append(out, svg);
    g_byte_array_unref(bytes);
    gsize length = out->len;
    return g_byte_array_new_take((guint8 *)g_string_free(out, FALSE), length);
}

GByteArray *picture_svg(const struct picture *picture, enum picture_theme theme, GError **error)
{
    GByteArray *bytes = g_byte_array_new();
    double height = measure(picture);
    cairo_surface_t *surface =
        cairo_svg_surface_create_for_stream(append, bytes, DRAW_WIDTH, height);
    cairo_status_t status = paint(surface, picture, theme, height);
    cairo_surface_finish(surface);
    status = status ? status : cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    bytes = conclude(bytes, status, error);
    return bytes ? finish_svg(bytes, picture, theme) : NULL;
}

GByteArray *picture_png(const struct picture *picture, enum picture_theme theme, GError **error)
{
    GByteArray *bytes = g_byte_array_new();
    double height = measure(picture);
    cairo_surface_t *surface = cairo_image_surface_create(
        CAIRO_FORMAT_RGB24, (int)DRAW_WIDTH * PNG_SCALE, (int)height * PNG_SCALE);
    cairo_surface_set_device_scale(surface, PNG_SCALE, PNG_SCALE);
    cairo_status_t status = paint(surface, picture, theme, height);
    if (!status)
        status = cairo_surface_write_to_png_stream(surface, append, bytes);
    cairo_surface_destroy(surface);
    return conclude(bytes, status, error);
}

GByteArray *picture_pdf(const struct picture *picture, enum picture_theme theme, GError **error)
{
    GByteArray *bytes = g_byte_array_new();
    double height = measure(picture);
    cairo_surface_t *surface =
        cairo_pdf_surface_create_for_stream(append, bytes, DRAW_WIDTH, height);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, picture->title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "muster");
    cairo_status_t status = paint(surface, picture, theme, height);
    cairo_surface_finish(surface);
    status = status ? status : cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return conclude(bytes, status, error);
}
