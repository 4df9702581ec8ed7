/* A benchmark for people: the same tables on a terminal and as Markdown. */
#include "boot/plural.h"
#include "cli/bench/bench.h"
#include "cli/bench/goals.h"
#include "cli/bench/grid.h"

/* Where it goes: one of both. */
struct teller {
    FILE *out;
    GString *markdown;
};

G_GNUC_PRINTF(2, 3)
static void say(const struct teller *teller, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (teller->markdown)
        g_string_append_printf(teller->markdown, "%s\n\n", text);
    else
        fprintf(teller->out, "%s\n\n", text);
    g_free(text);
}

static void show(const struct teller *teller, struct grid *grid)
{
    if (teller->markdown) {
        grid_append_markdown(grid, teller->markdown);
        g_string_append_c(teller->markdown, '\n');
    } else {
        grid_print(grid, teller->out);
        fputc('\n', teller->out);
    }
    grid_free(grid);
}

static bool has_series(const struct bench *bench, enum bench_contender contender,
                       enum bench_threads threads)
{
    for (guint i = 0; i < bench->size_count; i++)
        if (bench_find(bench, contender, bench->sizes[i], threads))
            return true;
    return false;
}

static bool has_any_series(const struct bench *bench, enum bench_threads threads)
{
    bool has = false;
    for (guint i = 0; i < BENCH_CONTENDERS; i++)
        has |= has_series(bench, (enum bench_contender)i, threads);
    return has;
}

static void tell_medians(const struct teller *teller, const struct bench *bench,
                         enum bench_threads threads)
{
    GString *headings = g_string_new("contender");
    for (guint i = 0; i < bench->size_count; i++)
        g_string_append_printf(headings, "|>%u", bench->sizes[i]);
    struct grid *grid = grid_new(headings->str);
    g_string_free(headings, TRUE);
    for (guint i = 0; i < BENCH_CONTENDERS; i++) {
        if (!has_series(bench, (enum bench_contender)i, threads))
            continue;
        grid_cell(grid, "%s", contenders[i].name);
        for (guint size = 0; size < bench->size_count; size++)
            grid_take(grid, goal_text(GOAL_NS, bench_on_ns(bench, (enum bench_contender)i,
                                                           bench->sizes[size], threads)));
    }
    show(teller, grid);
}

static void add_known(struct grid *grid, const struct statistics *statistics, gint64 value)
{
    grid_take(grid, goal_text(GOAL_NS, statistics->count ? value : MARKS_NEVER));
}

static void tell_spread(const struct teller *teller, const struct bench *bench,
                        enum bench_threads threads)
{
    struct grid *grid = grid_new("contender|>CPUs|>n|>all on|>least|>most|>last AP in|>own stamps");
    for (guint i = 0; i < bench->series->len; i++) {
        const struct bench_series *series = g_ptr_array_index(bench->series, i);
        struct statistics on = statistics_of(series->on), own = statistics_of(series->own_on);
        struct statistics first =
            statistics_of(contenders[series->contender].ours ? series->own_first : series->first);
        const struct statistics *shown = on.count ? &on : &own;
        if (series->threads != threads)
            continue;
        grid_cell(grid, "%s", contenders[series->contender].name);
        grid_cell(grid, "%u", series->cpus);
        grid_cell(grid, "%u", shown->count);
        add_known(grid, &on, on.median);
        add_known(grid, shown, shown->least);
        add_known(grid, shown, shown->most);
        add_known(grid, &first, first.median);
        add_known(grid, &own, own.median);
    }
    show(teller, grid);
}

static void add_goal(struct grid *grid, const struct goal *goal)
{
    grid_cell(grid, "%s", goal->what);
    grid_take(grid, goal_text(goal->unit, goal->figure));
    grid_take(grid, goal_text(goal->unit, goal->bound));
    grid_cell(grid, "%s", goal_state_name(goal->state));
    grid_cell(grid, "%s", goal->bound_is);
}

/* A row without a figure tells nothing: whoever asked for a part wants no list of the rest. */
static void tell_goals(const struct teller *teller, const struct bench *bench)
{
    struct goal goals[GOALS_MAX];
    guint count = goals_judge(bench, goals), judged = 0;
    struct grid *grid = grid_new("figure|>is|>at most||which is");
    for (guint i = 0; i < count; i++) {
        if (goals[i].state == GOAL_UNKNOWN)
            continue;
        add_goal(grid, &goals[i]);
        judged++;
    }
    if (judged) {
        say(teller, "What is to be reached:");
        show(teller, grid);
    } else {
        grid_free(grid);
    }
    if (judged < count)
        say(teller, "Of what is to be reached, %u of %u figures %s not measured here.",
            count - judged, count, plural(count - judged, "was", "were"));
}

static void tell_sleep(struct grid *grid, const char *what, const struct bench *bench,
                       const struct bench_sleep *sleep)
{
    grid_cell(grid, "%u CPUs %s", bench->sleepers, what);
    grid_take(grid,
              sleep->percent < 0 ? g_strdup("-") : g_strdup_printf("%.2f %%", sleep->percent));
}

static void tell_extras(const struct teller *teller, const struct bench *bench)
{
    if (bench->sleepers == 0)
        return;
    say(teller, "Host CPU of CPUs that sleep, in shares of one core:");
    struct grid *sleep = grid_new("who|>all of QEMU");
    tell_sleep(sleep, "parked in the kernel", bench, &bench->parked);
    tell_sleep(sleep, "at the shim's mailbox", bench, &bench->waiting);
    show(teller, sleep);
    say(teller, "Discovery on this host, of a MADT of so many CPUs:");
    GString *headings = g_string_new("");
    for (guint i = 0; i < BENCH_DISCOVERIES; i++)
        g_string_append_printf(headings, "%s>%u", i ? "|" : "", bench->discoveries[i].cpus);
    struct grid *grid = grid_new(headings->str);
    g_string_free(headings, TRUE);
    for (guint i = 0; i < BENCH_DISCOVERIES; i++)
        grid_take(grid, goal_text(GOAL_NS, bench->discoveries[i].ns));
    show(teller, grid);
}

/* A figure that is not there has a reason; the same one is told once. */
static void tell_problems(const struct teller *teller, const struct bench *bench)
{
    for (guint i = 0; i < bench->series->len; i++) {
        const struct bench_series *series = g_ptr_array_index(bench->series, i);
        if (series->problems->len)
            say(teller, "%s, %u CPUs: %u of %u %s not measured: %s",
                contenders[series->contender].name, series->cpus, series->problems->len,
                series->on->len, plural(series->on->len, "boot", "boots"),
                (const char *)g_ptr_array_index(series->problems, 0));
    }
    for (guint i = 0; i < bench->problems->len; i++)
        say(teller, "Not measured: %s", (const char *)g_ptr_array_index(bench->problems, i));
    for (guint i = 0; i < bench->skipped->len; i++)
        say(teller, "Left out: %s", (const char *)g_ptr_array_index(bench->skipped, i));
}

static void tell(const struct teller *teller, const struct bench *bench)
{
    static const char *const how[] = {"all CPUs in one thread of the host", "a thread for each"};
    for (guint threads = 0; threads < BENCH_THREADS; threads++) {
        if (!has_any_series(bench, (enum bench_threads)threads))
            continue;
        say(teller, "From the first wake to all on, median of %u, by the number of CPUs;\nTCG, %s:",
            bench->repeat, how[threads]);
        tell_medians(teller, bench, (enum bench_threads)threads);
        say(teller, "The same with its spread:");
        tell_spread(teller, bench, (enum bench_threads)threads);
    }
    tell_extras(teller, bench);
    tell_goals(teller, bench);
    tell_problems(teller, bench);
    char *host = bench_host();
    say(teller, "QEMU %s\non %s;\nload %.1f before, %.1f after; %.0f s",
        bench->qemu_version ? bench->qemu_version : "(none)", host, bench->load_before,
        bench->load_after, bench->seconds);
    g_free(host);
}

void bench_print(const struct bench *bench, FILE *out)
{
    const struct teller teller = {out, NULL};
    tell(&teller, bench);
}

char *bench_markdown(const struct bench *bench)
{
    const struct teller teller = {NULL, g_string_new(NULL)};
    tell(&teller, bench);
    return g_string_free(teller.markdown, FALSE);
}
