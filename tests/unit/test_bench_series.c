/* Whom muster bench times, on which machines, and how the host runs them: cli/bench/series.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/bench/bench.h"
#include "cli/cli.h"

static const char *missing[BENCH_BOOTS]; /* what boot_missing() says of each */

/* In place of a look for files. */
const char *boot_missing(enum bench_boot boot, const struct bench_files *files)
{
    (void)files;
    return missing[boot];
}

/* A benchmark as these words of a command line ask for it; NULL is an option that is not given. */
static void ask(struct bench *bench, const char *cpus, const char *only, const char *threads)
{
    const char *const *word = NULL;
    *bench = (struct bench){.series = g_ptr_array_new_with_free_func(bench_series_free),
                            .skipped = g_ptr_array_new_with_free_func(g_free)};
    for (guint i = 0; threads && bench_thread_words[i]; i++)
        if (g_str_equal(bench_thread_words[i], threads))
            word = &bench_thread_words[i];
    assert_true(bench_set_sizes(bench, cpus, NULL));
    assert_true(bench_set_contenders(bench, only, NULL));
    assert_true(!threads || word);
    bench_set_threads(bench, word ? *word : NULL);
}

static void list(struct bench *bench, const char *cpus, const char *only, const char *threads)
{
    ask(bench, cpus, only, threads);
    assert_true(bench_list_series(bench, NULL));
}

static void forget(struct bench *bench)
{
    g_ptr_array_unref(bench->series);
    g_ptr_array_unref(bench->skipped);
}

static guint count_threads(const struct bench *bench, enum bench_threads threads)
{
    guint count = 0;
    for (guint i = 0; i < bench->series->len; i++) {
        const struct bench_series *series = g_ptr_array_index(bench->series, i);
        count += series->threads == threads;
    }
    return count;
}

static void expect(const struct bench *bench, enum bench_contender contender, guint cpus,
                   enum bench_threads threads)
{
    if (!bench_find(bench, contender, cpus, threads))
        fail_msg("%s with %u CPUs, %s: not timed", contenders[contender].name, cpus,
                 bench_thread_words[threads]);
}

static void unless_told_only_the_two_that_a_goal_compares_have_a_thread_for_each_cpu(void **state)
{
    struct bench bench;
    (void)state;
    list(&bench, NULL, NULL, NULL);
    expect(&bench, BENCH_SIPI, BENCH_MULTI_CPUS, BENCH_MULTI);
    expect(&bench, BENCH_SEABIOS, BENCH_MULTI_CPUS, BENCH_MULTI);
    assert_int_equal(count_threads(&bench, BENCH_MULTI), 2);
    for (guint i = 0; i < BENCH_CONTENDERS; i++)
        expect(&bench, (enum bench_contender)i, 4, BENCH_SINGLE);
    forget(&bench);
}

static void without_the_machine_of_that_goal_nobody_has(void **state)
{
    struct bench bench;
    (void)state;
    list(&bench, "4,63,65", NULL, NULL);
    assert_int_equal(count_threads(&bench, BENCH_MULTI), 0);
    expect(&bench, BENCH_SIPI, 65, BENCH_SINGLE);
    forget(&bench);
}

static void who_is_named_has_one_thread_unless_told(void **state)
{
    struct bench bench;
    (void)state;
    list(&bench, "64", "sipi,seabios", NULL);
    expect(&bench, BENCH_SIPI, 64, BENCH_SINGLE);
    expect(&bench, BENCH_SEABIOS, 64, BENCH_SINGLE);
    assert_int_equal(bench.series->len, 2);
    forget(&bench);
}

static void threads_that_are_told_are_everybodys(void **state)
{
    struct bench bench;
    (void)state;
    list(&bench, "4,64", NULL, "single");
    guint of_one = count_threads(&bench, BENCH_SINGLE);
    assert_int_equal(count_threads(&bench, BENCH_MULTI), 0);
    forget(&bench);
    list(&bench, "4,64", NULL, "multi");
    expect(&bench, BENCH_LINUX, 4, BENCH_MULTI);
    assert_int_equal(count_threads(&bench, BENCH_SINGLE), 0);
    assert_int_equal(count_threads(&bench, BENCH_MULTI), of_one);
    forget(&bench);
    list(&bench, "4,64", NULL, "both");
    assert_int_equal(count_threads(&bench, BENCH_SINGLE), of_one);
    assert_int_equal(count_threads(&bench, BENCH_MULTI), of_one);
    forget(&bench);
    list(&bench, "16", "fdt", "multi");
    expect(&bench, BENCH_FDT, 16, BENCH_MULTI);
    assert_int_equal(bench.series->len, 1);
    forget(&bench);
}

static void slow_contender_has_no_large_machine(void **state)
{
    struct bench bench;
    (void)state;
    list(&bench, NULL, NULL, NULL);
    expect(&bench, BENCH_SIPI, 255, BENCH_SINGLE);
    expect(&bench, BENCH_XEN, 64, BENCH_SINGLE);
    assert_null(bench_find(&bench, BENCH_XEN, 255, BENCH_SINGLE));
    expect(&bench, BENCH_TD, 4, BENCH_SINGLE);
    assert_null(bench_find(&bench, BENCH_TD, 16, BENCH_SINGLE));
    forget(&bench);
    /* Nor by its name alone, or by a number alone. */
    list(&bench, NULL, "xen", NULL);
    assert_null(bench_find(&bench, BENCH_XEN, 255, BENCH_SINGLE));
    forget(&bench);
    list(&bench, "255", NULL, NULL);
    assert_null(bench_find(&bench, BENCH_XEN, 255, BENCH_SINGLE));
    forget(&bench);
}

static void slow_contender_has_one_that_is_asked_for_by_name_and_number(void **state)
{
    struct bench bench;
    (void)state;
    list(&bench, "255", "xen", NULL);
    expect(&bench, BENCH_XEN, 255, BENCH_SINGLE);
    assert_int_equal(bench.series->len, 1);
    forget(&bench);
}

static void who_lacks_a_file_is_left_out_by_name(void **state)
{
    struct bench bench;
    (void)state;
    missing[BENCH_BOOT_XEN] = "give it";
    list(&bench, "4", NULL, "both");
    assert_null(bench_find(&bench, BENCH_XEN, 4, BENCH_SINGLE));
    assert_null(bench_find(&bench, BENCH_XEN, 4, BENCH_MULTI));
    assert_int_equal(bench.series->len, 2 * (BENCH_CONTENDERS - 1));
    assert_int_equal(bench.skipped->len, 1);
    assert_string_equal(g_ptr_array_index(bench.skipped, 0), "xen: give it");
    forget(&bench);
    /* Who is not asked for lacks nothing. */
    list(&bench, "4", "sipi", NULL);
    assert_int_equal(bench.skipped->len, 0);
    forget(&bench);
    missing[BENCH_BOOT_XEN] = NULL;
}

static void nobody_who_is_left_is_an_error_that_says_why(void **state)
{
    struct bench bench;
    GError *error = NULL;
    (void)state;
    missing[BENCH_BOOT_LINUX] = "give a kernel";
    ask(&bench, NULL, "linux", "multi");
    assert_false(bench_list_series(&bench, &error));
    assert_int_equal(error->code, CLI_ENVIRONMENT);
    assert_string_equal(error->message, "nobody is left to be timed: linux: give a kernel");
    g_error_free(error);
    forget(&bench);
    missing[BENCH_BOOT_LINUX] = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unless_told_only_the_two_that_a_goal_compares_have_a_thread_for_each_cpu),
        cmocka_unit_test(without_the_machine_of_that_goal_nobody_has),
        cmocka_unit_test(who_is_named_has_one_thread_unless_told),
        cmocka_unit_test(threads_that_are_told_are_everybodys),
        cmocka_unit_test(slow_contender_has_no_large_machine),
        cmocka_unit_test(slow_contender_has_one_that_is_asked_for_by_name_and_number),
        cmocka_unit_test(who_lacks_a_file_is_left_out_by_name),
        cmocka_unit_test(nobody_who_is_left_is_an_error_that_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
