/* What there is to measure, and what was found of it. */
#include "cli/base/files.h"
#include "cli/bench/bench.h"

static GArray *new_values(void)
{
    return g_array_new(FALSE, FALSE, sizeof(gint64));
}

void bench_series_free(gpointer data)
{
    struct bench_series *series = data;
    GArray *const values[] = {series->on, series->first, series->own_on, series->own_first,
                              series->look};
    for (guint i = 0; i < G_N_ELEMENTS(values); i++)
        g_array_unref(values[i]);
    g_ptr_array_unref(series->problems);
    g_free(series);
}

static void add_series(struct bench *bench, enum bench_contender contender, guint cpus,
                       enum bench_threads threads)
{
    struct bench_series *series = g_new0(struct bench_series, 1);
    *series = (struct bench_series){.contender = contender,
                                    .cpus = cpus,
                                    .threads = threads,
                                    .on = new_values(),
                                    .first = new_values(),
                                    .own_on = new_values(),
                                    .own_first = new_values(),
                                    .look = new_values(),
                                    .problems = g_ptr_array_new_with_free_func(g_free)};
    g_ptr_array_add(bench->series, series);
}

static void skip(struct bench *bench, enum bench_contender contender, const char *why)
{
    g_ptr_array_add(bench->skipped, g_strdup_printf("%s: %s", contenders[contender].name, why));
}

/* Unless both are asked for by name, a slow contender has no large machine. */
static bool takes_part(const struct bench *bench, enum bench_contender contender, guint cpus)
{
    return cpus <= contenders[contender].most_cpus || (bench->only && bench->sizes_given);
}

/* With a thread for each CPU: who is asked for, else only the two that a goal compares. */
static bool has_threads(const struct bench *bench, enum bench_contender contender, guint cpus,
                        enum bench_threads threads)
{
    bool compared = (contender == BENCH_SIPI || contender == BENCH_SEABIOS) &&
                    cpus == BENCH_MULTI_CPUS && threads == BENCH_MULTI;
    return bench->threads[threads] || (compared && !bench->threads_given && !bench->only);
}

bool bench_list_series(struct bench *bench, GError **error)
{
    for (guint i = 0; i < BENCH_CONTENDERS; i++) {
        const char *missing = boot_missing(contenders[i].boot, &bench->files);
        if (!bench->wanted[i])
            continue;
        if (missing) {
            skip(bench, (enum bench_contender)i, missing);
            continue;
        }
        for (guint size = 0; size < bench->size_count; size++)
            for (guint threads = 0; threads < BENCH_THREADS; threads++)
                if (has_threads(bench, (enum bench_contender)i, bench->sizes[size],
                                (enum bench_threads)threads) &&
                    takes_part(bench, (enum bench_contender)i, bench->sizes[size]))
                    add_series(bench, (enum bench_contender)i, bench->sizes[size],
                               (enum bench_threads)threads);
    }
    return bench->series->len > 0 ||
           files_refuse(error, "nobody is left to be timed: %s",
                        (const char *)g_ptr_array_index(bench->skipped, 0));
}

bool bench_has_figure(const struct bench *bench)
{
    for (guint i = 0; i < bench->series->len; i++) {
        const struct bench_series *series = g_ptr_array_index(bench->series, i);
        if (statistics_of(series->on).count || statistics_of(series->own_on).count)
            return true;
    }
    return false;
}

bool bench_is_whole(const struct bench *bench)
{
    bool whole = bench->problems->len == 0;
    for (guint i = 0; i < bench->series->len; i++) {
        const struct bench_series *series = g_ptr_array_index(bench->series, i);
        whole &= series->problems->len == 0;
    }
    return whole;
}

const struct bench_series *bench_find(const struct bench *bench, enum bench_contender contender,
                                      guint cpus, enum bench_threads threads)
{
    for (guint i = 0; i < bench->series->len; i++) {
        const struct bench_series *series = g_ptr_array_index(bench->series, i);
        if (series->contender == contender && series->cpus == cpus && series->threads == threads)
            return series;
    }
    return NULL;
}

gint64 bench_on_ns(const struct bench *bench, enum bench_contender contender, guint cpus,
                   enum bench_threads threads)
{
    const struct bench_series *series = bench_find(bench, contender, cpus, threads);
    if (!series)
        return MARKS_NEVER;
    struct statistics outside = statistics_of(series->on), own = statistics_of(series->own_on);
    return outside.count ? outside.median : own.count ? own.median : MARKS_NEVER;
}

gint64 bench_instructions(const struct bench *bench, guint cpus)
{
    for (guint i = 0; i < bench->counts->len; i++) {
        const struct bench_count *count = &g_array_index(bench->counts, struct bench_count, i);
        if (count->cpus == cpus)
            return count->instructions;
    }
    return MARKS_NEVER;
}
