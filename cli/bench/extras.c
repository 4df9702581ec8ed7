/* What is not time: guest instructions, and host CPU time of CPUs that sleep. */
#include "cli/bench/bench.h"

#define FEW_CPUS  64u
#define MANY_CPUS 255u
/* So long are the sleepers watched: the host counts in steps of 10 ms. */
#define WATCH_MS 5000u

static void note_problem(struct bench *bench, const struct boot_result *result, const char *what)
{
    const char *why = result->problem ? result->problem : "it was not seen";
    if (!result->signal)
        g_ptr_array_add(bench->problems, g_strdup_printf("%s: %s", what, why));
}

/*
 * From the first AP's first instruction on: before it the reset of each CPU counts instructions
 * that it might have run, and QEMU's clock jumps. What the BSP does there does not grow with the
 * CPUs.
 */
static bool count_instructions(struct bench *bench, guint cpus, const char *what, GError **error)
{
    const struct boot_request request = {.boot = BENCH_BOOT_SIPI, .cpus = cpus, .count = true};
    struct boot_result result;
    bool good = boot_run(&request, &bench->files, &result, error);
    bool known = good && !result.problem && result.own.all_on_ns >= 0;
    const struct bench_count count = {cpus, known ? result.own.all_on_ns - result.own.look_ns
                                                  : MARKS_NEVER};
    g_array_append_val(bench->counts, count);
    bench->signal = result.signal;
    if (good && !known)
        note_problem(bench, &result, what);
    boot_clear(&result);
    return good && !bench->signal;
}

static bool watch_sleep(struct bench *bench, const struct boot_request *request, const char *what,
                        struct bench_sleep *sleep, GError **error)
{
    struct boot_result result;
    bool good = boot_run(request, &bench->files, &result, error);
    bool known = good && !result.problem && result.watched_ms > 0 && result.process_ms >= 0;
    bench->signal = result.signal;
    if (known)
        *sleep = (struct bench_sleep){.percent = 100 * result.process_ms / result.watched_ms,
                                      .ms = result.watched_ms};
    else if (good)
        note_problem(bench, &result, what);
    boot_clear(&result);
    return good && !bench->signal;
}

bool bench_run_extras(struct bench *bench, GError **error)
{
    const struct boot_request parked = {
        .boot = BENCH_BOOT_SIPI, .cpus = FEW_CPUS, .park_ms = WATCH_MS};
    const struct boot_request waiting = {
        .boot = BENCH_BOOT_MAILBOX, .cpus = FEW_CPUS, .wait_ms = WATCH_MS};
    bench->sleepers = FEW_CPUS - 1;
    return count_instructions(bench, FEW_CPUS, "instructions of 64 CPUs", error) &&
           count_instructions(bench, MANY_CPUS, "instructions of 255 CPUs", error) &&
           watch_sleep(bench, &parked, "CPUs parked in the kernel", &bench->parked, error) &&
           watch_sleep(bench, &waiting, "CPUs at the shim's mailbox", &bench->waiting, error);
}
