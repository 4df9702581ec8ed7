#include "cli/simulate/picture.h"

#include <string.h>

#include "cli/base/files.h"
#include "cli/base/option.h"
#include "cli/timeline/draw.h"
#include "cli/timeline/picture.h"

static const struct format {
    const char *ending;
    picture_make *make;
} formats[] = {{".svg", picture_svg}, {".png", picture_png}, {".pdf", picture_pdf}};

static const struct format *find_format(const char *path)
{
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending && i < G_N_ELEMENTS(formats); i++)
        if (g_ascii_strcasecmp(ending, formats[i].ending) == 0)
            return &formats[i];
    return NULL;
}

bool simulation_check_picture(const char *path, GError **error)
{
    if (!find_format(path))
        return option_refuse(error,
                             "--output %s: its name tells no format; let it end with .svg, "
                             ".png or .pdf",
                             path);
    return files_check_output("picture", path, error);
}

static char *say_title(const struct simulation *simulation)
{
    return g_strdup_printf("From the first wake to all CPUs on, by %s",
                           sim_way_names[simulation->way]);
}

static char *say_machine(const struct simulation *simulation)
{
    return g_strdup_printf("Simulated by muster, seed %" G_GUINT64_FORMAT
                           "; the library does 'broadcast' where it can, else 'pipelined'",
                           simulation->seed);
}

double simulation_draw(struct pen *pen, const void *subject)
{
    static const struct pen_style title_style = {PALETTE_TEXT, 20, true, PEN_LEFT};
    static const struct pen_style muted_style = {PALETTE_MUTED, 12, false, PEN_LEFT};
    const struct simulation *simulation = subject;
    char *title = say_title(simulation), *machine = say_machine(simulation);
    pen_text(pen, &title_style, DRAW_MARGIN, 42, title);
    pen_text(pen, &muted_style, DRAW_MARGIN, 62, machine);
    g_free(title);
    g_free(machine);
    double y = simulation_draw_times(pen, simulation, 88);
    return simulation_draw_paths(pen, simulation, y + 20) + DRAW_MARGIN;
}

bool simulation_write_picture(const struct simulation *simulation, const char *path, GError **error)
{
    char *title = say_title(simulation), *machine = say_machine(simulation);
    const struct picture picture = {title, "Time over the number of CPUs", machine, simulation_draw,
                                    simulation};
    GByteArray *bytes = find_format(path)->make(&picture, PICTURE_AUTO, error);
    bool good = bytes && files_put("picture", path, (const char *)bytes->data, bytes->len, error);
    if (bytes)
        g_byte_array_unref(bytes);
    g_free(title);
    g_free(machine);
    return good;
}
