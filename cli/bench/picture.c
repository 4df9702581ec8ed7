/* The times of all contenders over the number of CPUs. */
#include "cli/bench/bench.h"
#include "cli/timeline/draw.h"
#include "cli/timeline/picture_file.h"
#include "cli/timeline/plot.h"

/* Each line has its name, so a colour may be there twice; ours are whole, others are dashed. */
static const enum palette_part colours[BENCH_CONTENDERS] = {
    [BENCH_SIPI] = (enum palette_part)TIMELINE_ON,
    [BENCH_SIPI_CLASSIC] = (enum palette_part)TIMELINE_FAILED,
    [BENCH_MAILBOX] = (enum palette_part)TIMELINE_LONG_MODE,
    [BENCH_FDT] = (enum palette_part)TIMELINE_OWN_TABLES,
    [BENCH_SHIM] = (enum palette_part)TIMELINE_REAL_MODE,
    [BENCH_SEABIOS] = (enum palette_part)TIMELINE_AWAY,
    [BENCH_OVMF] = (enum palette_part)TIMELINE_PARKED,
    [BENCH_LINUX] = (enum palette_part)TIMELINE_FAILED,
    [BENCH_LINUX_LPJ] = (enum palette_part)TIMELINE_WOKEN,
    [BENCH_LINUX_MAILBOX] = (enum palette_part)TIMELINE_LONG_MODE,
    [BENCH_XEN] = (enum palette_part)TIMELINE_REAL_MODE,
    [BENCH_TD] = (enum palette_part)TIMELINE_WOKEN,
    [BENCH_HYPERV] = (enum palette_part)TIMELINE_OWN_TABLES,
};

/* What the monitor makes of time compares with nothing else. */
static bool is_drawn(enum bench_contender contender)
{
    return contender != BENCH_TD && contender != BENCH_HYPERV;
}

static bool is_ours(enum bench_contender contender)
{
    return contenders[contender].ours || contender == BENCH_SHIM;
}

static GArray *collect_points(const struct bench *bench, enum bench_contender contender,
                              enum bench_threads threads)
{
    GArray *points = g_array_new(FALSE, FALSE, sizeof(struct plot_point));
    for (guint i = 0; i < bench->size_count && is_drawn(contender); i++) {
        const struct bench_series *series = bench_find(bench, contender, bench->sizes[i], threads);
        struct statistics on = series ? statistics_of(series->on) : (struct statistics){0};
        const struct plot_point point = {bench->sizes[i], on.median, on.least, on.most};
        if (on.count)
            g_array_append_val(points, point);
    }
    return points;
}

static double draw_times(struct pen *pen, const struct bench *bench, enum bench_threads threads,
                         double y)
{
    static const struct pen_style style = {PALETTE_TEXT, 14, true, PEN_LEFT};
    static const char *const how[] = {"All CPUs in one thread of the host",
                                      "A thread of the host for each CPU"};
    struct plot_line lines[BENCH_CONTENDERS];
    for (guint i = 0; i < BENCH_CONTENDERS; i++)
        lines[i] =
            (struct plot_line){.name = contenders[i].name,
                               .part = colours[i],
                               .bold = i == BENCH_SIPI || i == BENCH_MAILBOX,
                               .dash = is_ours((enum bench_contender)i) ? 0 : 6,
                               .points = collect_points(bench, (enum bench_contender)i, threads)};
    const struct plot plot = {lines, BENCH_CONTENDERS, bench->sizes, bench->size_count};
    pen_text(pen, &style, DRAW_MARGIN, y + 14, how[threads]);
    y = plot_draw(pen, &plot, y + 34);
    for (guint i = 0; i < BENCH_CONTENDERS; i++)
        g_array_unref(lines[i].points);
    return y;
}

static char *say_machine(const struct bench *bench)
{
    char *host = bench_host();
    char *text = g_strdup_printf("QEMU %s, TCG, q35, on %s, %.10s; median, least and most of %u",
                                 bench->qemu_version ? bench->qemu_version : "(none)", host,
                                 bench->date, bench->repeat);
    g_free(host);
    return text;
}

static const char title[] = "From the first wake to all CPUs on";

static double draw(struct pen *pen, const void *subject)
{
    static const struct pen_style title_style = {PALETTE_TEXT, 20, true, PEN_LEFT};
    static const struct pen_style muted_style = {PALETTE_MUTED, 12, false, PEN_LEFT};
    const struct bench *bench = subject;
    char *machine = say_machine(bench);
    double y = 78;
    pen_text(pen, &title_style, DRAW_MARGIN, 42, title);
    pen_text_within(pen, &muted_style, DRAW_MARGIN, 62, DRAW_WIDTH - 2 * DRAW_MARGIN, machine);
    g_free(machine);
    for (guint threads = 0; threads < BENCH_THREADS; threads++)
        if (bench->threads[threads])
            y = draw_times(pen, bench, (enum bench_threads)threads, y + 8) + 8;
    return y + DRAW_MARGIN / 2;
}

bool bench_write_picture(const struct bench *bench, const char *path, GError **error)
{
    char *machine = say_machine(bench);
    const struct picture picture = {title, "Time over the number of CPUs, for each contender",
                                    machine, draw, bench};
    bool good = picture_write(&picture, path, error);
    g_free(machine);
    return good;
}
