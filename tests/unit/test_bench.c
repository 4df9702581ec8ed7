/* What muster bench makes of QEMU's log, and of several measurements: cli/bench. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/bench/contender.h"
#include "cli/bench/goals.h"

#define CPUS 4

static const char seabios[] = "9@100.000010:apic_mem_writel 0x300 = 0x000c4500\n"
                              "9@100.000020:apic_mem_writel 0x300 = 0x000c4610\n"
                              "9@100.000030:fw_cfg_select 0x55 key 0x0005 'nb_cpus', ret: 1\n"
                              "9@100.000510:fw_cfg_select 0x55 key 0x8002 'irq0', ret: 1\n"
                              "9@100.000900:fw_cfg_select 0x55 key 0x0026 'unknown', ret: 1\n";

static const char kernel[] = "9@101.000000:apic_mem_writel 0x380 = 0x4d755570\n"
                             "9@101.000001:apic_mem_writel 0x380 = 0x00000000\n"
                             "9@101.000100:apic_mem_writel 0x300 = 0x000c4500\n"
                             "9@101.000200:apic_mem_writel 0x300 = 0x000c469e\n"
                             "9@101.000300:apic_mem_writel 0x300 = 0x0100469e\n"
                             "9@101.002100:apic_mem_writel 0x380 = 0x4d754f6e\n";

/* @read_us is when each line was read. */
static void feed(struct marks *marks, const char *text, gint64 read_us)
{
    char **lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        marks_line(marks, lines[i], read_us);
    g_strfreev(lines);
}

static void feed_serial(struct marks *marks, guint64 *us, const char *text)
{
    for (; *text; text++) {
        char *line =
            g_strdup_printf("9@102.%06" G_GUINT64_FORMAT ":serial_write write addr 0x00 val 0x%02x",
                            (*us)++, (unsigned char)*text);
        marks_line(marks, line, 0);
        g_free(line);
    }
}

static void expect_on(const struct marks *marks, enum bench_contender contender, gint64 ns)
{
    struct contender_times times = contender_time(contender, marks);
    assert_int_equal(times.on_ns, ns);
    assert_true((ns == MARKS_NEVER) == (times.why != NULL));
}

static void vectors_tell_firmware_from_kernel(void **state)
{
    struct marks marks;
    (void)state;
    marks_init(&marks, CPUS, true, 0);
    feed(&marks, seabios, 0);
    feed(&marks, kernel, 0);
    expect_on(&marks, BENCH_SEABIOS, 500000);
    expect_on(&marks, BENCH_SIPI, 2000000);
    expect_on(&marks, BENCH_MAILBOX, 2100000);
    assert_int_equal(marks_guest(&marks)->sipis, 2);
    marks_clear(&marks);
}

static void blind_trace_is_no_time(void **state)
{
    struct marks marks;
    (void)state;
    marks_init(&marks, CPUS, true, 0);
    feed(&marks, "9@101.002100:apic_mem_writel 0x380 = 0x4d754f6e\nnoise\n@\n9@x\n9@1:\n", 0);
    expect_on(&marks, BENCH_SEABIOS, MARKS_NEVER);
    expect_on(&marks, BENCH_SIPI, MARKS_NEVER);
    expect_on(&marks, BENCH_MAILBOX, MARKS_NEVER);
    /* The kernel's alone: then who knows whether firmware was heard? */
    feed(&marks, kernel, 0);
    expect_on(&marks, BENCH_SIPI, MARKS_NEVER);
    marks_clear(&marks);
}

static void newer_qemu_names_registers_by_number(void **state)
{
    struct marks marks;
    (void)state;
    marks_init(&marks, CPUS, true, 0);
    feed(&marks, seabios, 0);
    feed(&marks,
         "9@101.000100:apic_register_write register 0x30 = 0x000c4500\n"
         "9@101.000200:apic_register_write register 0x30 = 0x000c469e\n"
         "9@101.000250:apic_register_write register 0x38 = 0x4d755570\n"
         "9@101.000900:apic_register_write register 0x38 = 0x4d754f6e\n",
         0);
    expect_on(&marks, BENCH_SIPI, 800000);
    marks_clear(&marks);
}

static void shims_mark_is_not_its_kernels(void **state)
{
    struct marks marks;
    (void)state;
    marks_init(&marks, CPUS, true, 0);
    feed(&marks, seabios, 0);
    feed(&marks,
         "9@100.100000:apic_mem_writel 0x300 = 0x000c4500\n"
         "9@100.100010:apic_mem_writel 0x300 = 0x000c4698\n"
         "9@100.103000:apic_mem_writel 0x380 = 0x4d754f6e\n"
         "9@100.200000:apic_mem_writel 0x380 = 0x4d757374\n"
         "9@101.000000:apic_mem_writel 0x380 = 0x4d755570\n"
         "9@101.007000:apic_mem_writel 0x380 = 0x4d754f6e\n",
         0);
    expect_on(&marks, BENCH_SHIM, 3000000);
    expect_on(&marks, BENCH_MAILBOX, 7000000);
    marks_clear(&marks);
}

static void lines_of_linux_and_xen_end_a_bring_up(void **state)
{
    struct marks marks;
    guint64 us = 0;
    (void)state;
    marks_init(&marks, CPUS, true, 0);
    feed(&marks, seabios, 0);
    feed(&marks,
         "9@101.900000:apic_mem_writel 0x300 = 0x01004500\n"
         "9@101.910000:apic_mem_writel 0x300 = 0x01004699\n",
         0);
    feed_serial(&marks, &us, "x86: Booting SMP configuration:\n");
    assert_int_equal(marks.booting_us, 102 * G_USEC_PER_SEC + 31);
    us = 1000;
    feed_serial(&marks, &us, "smp: Brought up 1 node, 4 CPUs\r\n");
    expect_on(&marks, BENCH_LINUX, (100000 + 1000) * 1000);
    expect_on(&marks, BENCH_XEN, (100000 + 1000) * 1000);
    expect_on(&marks, BENCH_LINUX_MAILBOX, (1000 - 31) * 1000);
    marks_clear(&marks);
}

static void fewer_cpus_than_there_are_are_no_bring_up(void **state)
{
    struct marks marks;
    guint64 us = 0;
    (void)state;
    marks_init(&marks, CPUS, true, 0);
    feed(&marks, seabios, 0);
    feed(&marks, kernel, 0);
    feed_serial(&marks, &us, "(XEN) Brought up 3 CPUs\n");
    assert_int_equal(marks.brought_up_cpus, 3);
    expect_on(&marks, BENCH_XEN, MARKS_NEVER);
    marks_clear(&marks);
}

static void every_ap_of_ovmf_must_switch_its_apic_on(void **state)
{
    struct marks marks;
    (void)state;
    marks_init(&marks, CPUS, false, 0);
    feed(&marks,
         "9@1.000000:apic_mem_writel 0xf0 = 0x0000010f\n"
         "9@1.000100:apic_mem_writel 0x300 = 0x000c4500\n"
         "9@1.010100:apic_mem_writel 0x300 = 0x000c469f\n"
         "9@1.011000:apic_mem_writel 0xf0 = 0x0000010f\n"
         "9@1.012000:apic_mem_writel 0xf0 = 0x0000010f\n",
         0);
    expect_on(&marks, BENCH_OVMF, MARKS_NEVER);
    feed(&marks, "9@1.013100:apic_mem_writel 0xf0 = 0x0000010f\n", 0);
    expect_on(&marks, BENCH_OVMF, 13000000);
    /* The next broadcast is not the first. */
    feed(&marks, "9@1.020000:apic_mem_writel 0xf0 = 0x0000010f\n", 0);
    expect_on(&marks, BENCH_OVMF, 13000000);
    marks_clear(&marks);
}

static void last_first_instruction_was_before_what_follows_it(void **state)
{
    static const char entered[] = "Trace %u: 0x7f [0000000000010000/0000000000010000/0040/ff00] ";
    struct marks marks;
    (void)state;
    marks_init(&marks, CPUS, true, 0x10000);
    feed(&marks,
         "9@100.000010:apic_mem_writel 0x300 = 0x000c4500\n"
         "9@100.000020:apic_mem_writel 0x300 = 0x000c4610\n",
         0);
    for (guint cpu = 0; cpu < CPUS; cpu++) {
        char *line = g_strdup_printf(entered, cpu);
        marks_line(&marks, line, 100 * G_USEC_PER_SEC + 200 + cpu);
        g_free(line);
    }
    feed(&marks, "9@100.000190:fw_cfg_select 0x55 key 0x8002 'irq0', ret: 1\n", 0);
    struct contender_times times = contender_time(BENCH_SEABIOS, &marks);
    assert_int_equal(times.first_ns, 180000);
    marks_clear(&marks);
}

static void median_lies_in_the_middle_of_what_is_known(void **state)
{
    const gint64 values[] = {50, -1, 10, 30, 20};
    GArray *array = g_array_new(FALSE, FALSE, sizeof(gint64));
    (void)state;
    assert_int_equal(statistics_of(array).count, 0);
    g_array_append_vals(array, values, G_N_ELEMENTS(values));
    struct statistics statistics = statistics_of(array);
    assert_int_equal(statistics.count, 4);
    assert_int_equal(statistics.median, 25);
    assert_int_equal(statistics.least, 10);
    assert_int_equal(statistics.most, 50);
    g_array_unref(array);
}

/* ---- Goals ---- */

static const gint64 *times;       /* by contender, of 64 CPUs */
static const gint64 *multi_times; /* the same with a thread for each; or NULL */

/* In place of the machines'. */
gint64 bench_on_ns(const struct bench *bench, enum bench_contender contender, guint cpus,
                   enum bench_threads threads)
{
    (void)bench;
    const gint64 *known = threads == BENCH_SINGLE ? times : multi_times;
    return cpus == 64 && known ? known[contender] : MARKS_NEVER;
}

gint64 bench_instructions(const struct bench *bench, guint cpus)
{
    (void)bench;
    return cpus == 64 ? 6400 : 25500;
}

const struct bench_series *bench_find(const struct bench *bench, enum bench_contender contender,
                                      guint cpus, enum bench_threads threads)
{
    (void)bench;
    (void)contender;
    (void)cpus;
    (void)threads;
    return NULL;
}

static enum goal_state state_of(const struct goal *goals, guint count, const char *name)
{
    for (guint i = 0; i < count; i++)
        if (strcmp(goals[i].name, name) == 0)
            return goals[i].state;
    fail_msg("there is no goal %s", name);
    return GOAL_UNKNOWN;
}

static void goals_are_held_up_to_their_bound(void **state)
{
    gint64 of_64[BENCH_CONTENDERS] = {
        [BENCH_SIPI] = 4000000, [BENCH_SEABIOS] = 4000000, [BENCH_LINUX_LPJ] = 300000000};
    struct bench bench = {.parked.percent = 1.0, .waiting.percent = 20.01};
    struct goal goals[GOALS_MAX];
    (void)state;
    times = of_64;
    guint count = goals_judge(&bench, goals);
    assert_in_range(count, 1, GOALS_MAX);
    assert_int_equal(state_of(goals, count, "sipi-64-seabios"), GOAL_HELD);
    assert_int_equal(state_of(goals, count, "sipi-64-linux"), GOAL_HELD);
    assert_int_equal(state_of(goals, count, "sipi-255-seabios"), GOAL_UNKNOWN);
    assert_int_equal(state_of(goals, count, "instructions-per-ap"), GOAL_HELD);
    assert_int_equal(state_of(goals, count, "parked"), GOAL_HELD);
    assert_int_equal(state_of(goals, count, "waiting"), GOAL_MISSED);
    assert_true(goals_missed(goals, count));
    of_64[BENCH_SIPI]++;
    count = goals_judge(&bench, goals);
    assert_int_equal(state_of(goals, count, "sipi-64-seabios"), GOAL_MISSED);
    assert_int_equal(state_of(goals, count, "sipi-64-linux"), GOAL_MISSED);
}

/* 5 ms, where SeaBIOS takes 3.9: on a slower host as many times SeaBIOS. */
static void threads_are_judged_by_time_and_beside_seabios(void **state)
{
    gint64 single[BENCH_CONTENDERS] = {0};
    gint64 multi[BENCH_CONTENDERS] = {[BENCH_SIPI] = 12800000, [BENCH_SEABIOS] = 10000000};
    struct bench bench = {0};
    struct goal goals[GOALS_MAX];
    (void)state;
    times = single;
    multi_times = multi;
    guint count = goals_judge(&bench, goals);
    assert_int_equal(state_of(goals, count, "sipi-64-multi"), GOAL_MISSED);
    assert_int_equal(state_of(goals, count, "sipi-64-multi-seabios"), GOAL_HELD);
    multi[BENCH_SIPI]++;
    count = goals_judge(&bench, goals);
    assert_int_equal(state_of(goals, count, "sipi-64-multi-seabios"), GOAL_MISSED);
    multi[BENCH_SIPI] = 5000000;
    multi[BENCH_SEABIOS] = MARKS_NEVER;
    count = goals_judge(&bench, goals);
    assert_int_equal(state_of(goals, count, "sipi-64-multi"), GOAL_HELD);
    assert_int_equal(state_of(goals, count, "sipi-64-multi-seabios"), GOAL_UNKNOWN);
    multi_times = NULL;
}

static void what_was_not_measured_misses_nothing(void **state)
{
    gint64 none[BENCH_CONTENDERS];
    struct bench bench = {.parked.percent = -1, .waiting.percent = -1};
    struct goal goals[GOALS_MAX];
    (void)state;
    for (guint i = 0; i < BENCH_CONTENDERS; i++)
        none[i] = MARKS_NEVER;
    times = none;
    guint count = goals_judge(&bench, goals);
    assert_int_equal(state_of(goals, count, "sipi-64-seabios"), GOAL_UNKNOWN);
    assert_int_equal(state_of(goals, count, "parked"), GOAL_UNKNOWN);
    assert_int_equal(state_of(goals, count, "discover-4096"), GOAL_UNKNOWN);
    assert_false(goals_missed(goals, count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_tell_firmware_from_kernel),
        cmocka_unit_test(blind_trace_is_no_time),
        cmocka_unit_test(newer_qemu_names_registers_by_number),
        cmocka_unit_test(shims_mark_is_not_its_kernels),
        cmocka_unit_test(lines_of_linux_and_xen_end_a_bring_up),
        cmocka_unit_test(fewer_cpus_than_there_are_are_no_bring_up),
        cmocka_unit_test(every_ap_of_ovmf_must_switch_its_apic_on),
        cmocka_unit_test(last_first_instruction_was_before_what_follows_it),
        cmocka_unit_test(median_lies_in_the_middle_of_what_is_known),
        cmocka_unit_test(goals_are_held_up_to_their_bound),
        cmocka_unit_test(threads_are_judged_by_time_and_beside_seabios),
        cmocka_unit_test(what_was_not_measured_misses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
