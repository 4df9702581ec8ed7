#include "cli/simulate/picture.h"

#include "cli/timeline/draw.h"
#include "cli/timeline/picture_file.h"

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
    bool good = picture_write(&picture, path, error);
    g_free(title);
    g_free(machine);
    return good;
}
