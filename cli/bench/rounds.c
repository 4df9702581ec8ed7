/* Rounds of boots: each round has every contender once, so that noise hits all alike. */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "cli/base/paint.h"
#include "cli/bench/bench.h"

/* ---- One boot ---- */

static void add_value(GArray *values, gint64 value)
{
    g_array_append_val(values, value);
}

/* Of all contenders that this boot shows, one is that for which it is made; the others come along.
 */
static void take(struct bench_series *series, const struct boot_result *result, bool looked)
{
    struct contender_times times = contender_time(series->contender, &result->marks);
    const struct marks_phase *phase = series->contender == BENCH_SEABIOS
                                          ? marks_firmware(&result->marks)
                                          : marks_guest(&result->marks);
    const char *problem = result->problem ? result->problem : times.why;
    bool good = !result->problem;
    if (looked) {
        add_value(series->first, good ? times.first_ns : MARKS_NEVER);
        return;
    }
    if (phase && !series->entry_phys)
        series->entry_phys = (guint64)phase->vector << 12;
    bool ours = contenders[series->contender].ours;
    bool monitored = series->contender == BENCH_TD || series->contender == BENCH_HYPERV;
    add_value(series->on, good ? times.on_ns : MARKS_NEVER);
    add_value(series->own_on, good && ours ? result->own.on_ns : MARKS_NEVER);
    add_value(series->own_first, good && ours ? result->own.first_ns : MARKS_NEVER);
    add_value(series->look, good && ours ? result->own.look_ns : MARKS_NEVER);
    if (problem && (!monitored || result->problem))
        g_ptr_array_add(series->problems, g_strdup(problem));
}

/* A machine whose INITs nobody saw was not measured by anything. */
static bool sees(const struct boot_request *request, const struct boot_result *result,
                 GError **error)
{
    bool monitored = request->boot == BENCH_BOOT_TD || request->boot == BENCH_BOOT_HYPERV;
    if (result->problem || result->signal || monitored || request->cpus == 1 ||
        result->marks.phases->len)
        return true;
    g_set_error(error, CLI_ERROR, CLI_ENVIRONMENT,
                "QEMU's trace shows no INIT and no SIPI of a machine with %u CPUs, and so no time: "
                "this QEMU's events are others (docs/performance.md)",
                request->cpus);
    return false;
}

static void note_qemu(struct bench *bench, const struct boot_result *result)
{
    if (bench->qemu_version || !result->qemu_version)
        return;
    bench->qemu_version = g_strdup(result->qemu_version);
    bench->qemu_path = g_strdup(result->qemu_path);
    bench->cpu_model = g_strdup(result->cpu_model);
}

static bool belongs(const struct bench_series *series, const struct boot_request *request)
{
    return contenders[series->contender].boot == request->boot && series->cpus == request->cpus &&
           (series->threads == BENCH_MULTI) == request->multi;
}

static bool boot_once(struct bench *bench, const struct boot_request *request,
                      struct bench_series *only, GError **error)
{
    struct boot_result result;
    bool good = boot_run(request, &bench->files, &result, error) && sees(request, &result, error);
    bench->signal = result.signal;
    note_qemu(bench, &result);
    for (guint i = 0; good && !bench->signal && i < bench->series->len; i++) {
        struct bench_series *series = g_ptr_array_index(bench->series, i);
        if (only ? series == only : belongs(series, request))
            take(series, &result, request->entry_phys != 0);
    }
    boot_clear(&result);
    return good && !bench->signal;
}

/* ---- All of them ---- */

struct plan {
    GArray *boots; /* struct boot_request: each machine once */
    guint done, all;
};

static void say(const struct plan *plan, const char *name, guint cpus, guint round)
{
    if (!paint_is_terminal(stderr))
        return;
    fprintf(stderr, "\r\033[K%u of %u: %s, %u CPUs, round %u", plan->done + 1, plan->all, name,
            cpus, round);
    fflush(stderr);
}

static void say_nothing(void)
{
    if (paint_is_terminal(stderr))
        fputs("\r\033[K", stderr);
}

static void plan_boots(const struct bench *bench, struct plan *plan)
{
    plan->boots = g_array_new(FALSE, TRUE, sizeof(struct boot_request));
    for (guint i = 0; i < bench->series->len; i++) {
        const struct bench_series *series = g_ptr_array_index(bench->series, i);
        const struct boot_request request = {
            .boot = contenders[series->contender].boot,
            .cpus = series->cpus,
            .multi = series->threads == BENCH_MULTI,
            .wait_ms = contenders[series->contender].boot == BENCH_BOOT_MAILBOX ||
                               contenders[series->contender].boot == BENCH_BOOT_FDT
                           ? 1000
                           : 0};
        bool there = false;
        for (guint j = 0; j < plan->boots->len; j++)
            there |= belongs(series, &g_array_index(plan->boots, struct boot_request, j));
        if (!there)
            g_array_append_val(plan->boots, request);
    }
    plan->all = plan->boots->len * bench->repeat + bench->series->len * bench->first;
}

static bool run_round(struct bench *bench, struct plan *plan, guint round, GError **error)
{
    bool good = true;
    for (guint i = 0; good && i < plan->boots->len; i++) {
        const struct boot_request *request = &g_array_index(plan->boots, struct boot_request, i);
        for (guint j = 0; j < bench->series->len; j++) {
            const struct bench_series *series = g_ptr_array_index(bench->series, j);
            if (belongs(series, request)) {
                say(plan, contenders[series->contender].name, series->cpus, round);
                break;
            }
        }
        good = boot_once(bench, request, NULL, error);
        plan->done++;
    }
    return good;
}

/* Others have no stamps; QEMU can log where it runs, which costs time: so, in boots of their own.
 */
static bool look_for_first(struct bench *bench, struct plan *plan, guint round, GError **error)
{
    bool good = true;
    for (guint i = 0; good && i < bench->series->len; i++) {
        struct bench_series *series = g_ptr_array_index(bench->series, i);
        const struct boot_request request = {.boot = contenders[series->contender].boot,
                                             .cpus = series->cpus,
                                             .multi = series->threads == BENCH_MULTI,
                                             .entry_phys = series->entry_phys};
        plan->done++;
        if (contenders[series->contender].ours || !series->entry_phys ||
            contenders[series->contender].boot == BENCH_BOOT_LINUX_MAILBOX)
            continue;
        say(plan, contenders[series->contender].name, series->cpus, round);
        good = boot_once(bench, &request, series, error);
    }
    return good;
}

static double read_load(void)
{
    double load;
    return getloadavg(&load, 1) == 1 ? load : -1;
}

/*
 * Of this process and of every QEMU that it starts. QEMU asks for huge pages for the code that it
 * makes, and whose bring-up happens to go over the border of one pays for zeroing all of it: 0.4
 * to 3 ms, as much as all the rest of a small machine's.
 */
static void refuse_huge_pages(struct bench *bench)
{
    if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
        g_ptr_array_add(bench->problems, g_strdup("times without huge pages: the kernel has no "
                                                  "way to refuse them"));
}

bool bench_run(struct bench *bench, GError **error)
{
    struct plan plan = {0};
    GDateTime *now = g_date_time_new_now_utc();
    gint64 start_us = g_get_monotonic_time();
    bench->date = g_date_time_format_iso8601(now);
    g_date_time_unref(now);
    bench->series = g_ptr_array_new_with_free_func(bench_series_free);
    bench->skipped = g_ptr_array_new_with_free_func(g_free);
    bench->problems = g_ptr_array_new_with_free_func(g_free);
    bench->counts = g_array_new(FALSE, TRUE, sizeof(struct bench_count));
    bench->parked = bench->waiting = (struct bench_sleep){.percent = -1};
    refuse_huge_pages(bench);
    bench->load_before = read_load();
    bool good = bench_list_series(bench, error);
    plan_boots(bench, &plan);
    good = good && (!bench->extras || bench_discover(bench, error));
    for (guint round = 1; good && round <= bench->repeat; round++)
        good = run_round(bench, &plan, round, error) &&
               (round > bench->first || look_for_first(bench, &plan, round, error));
    say_nothing();
    good = good && (!bench->extras || bench_run_extras(bench, error));
    g_array_unref(plan.boots);
    bench->load_after = read_load();
    bench->seconds = (double)(g_get_monotonic_time() - start_us) / 1e6;
    return good;
}

void bench_clear(struct bench *bench)
{
    if (bench->series) {
        g_ptr_array_unref(bench->series);
        g_ptr_array_unref(bench->skipped);
        g_ptr_array_unref(bench->problems);
        g_array_unref(bench->counts);
    }
    g_free(bench->qemu_version);
    g_free(bench->qemu_path);
    g_free(bench->cpu_model);
    g_free(bench->date);
}
