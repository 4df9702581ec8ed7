/* The timeline's model of a report, its axis and its rows: cli/timeline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/base/fields.h"
#include "cli/timeline/axis.h"
#include "cli/timeline/palette.h"
#include "cli/timeline/rows.h"

#define BSP_CPU                                                                                    \
    "{\"index\":0,\"apic_id\":0,\"bsp\":true,\"state\":\"on\",\"stamps_ns\":{\"on\":500}}"

static struct timeline *read_report_of(guint asked, const char *cpus, const char *trace)
{
    char *text = g_strdup_printf(
        "{\"cpus_asked\":%u,\"way\":\"sipi\",\"cpus\":[%s],\"trace\":[%s]}", asked, cpus, trace);
    JsonObject *report = fields_parse(text);
    assert_non_null(report);
    GError *error = NULL;
    struct timeline *timeline = timeline_new(report, NULL, &error);
    if (error)
        fail_msg("%s", error->message);
    json_object_unref(report);
    g_free(text);
    return timeline;
}

static struct timeline *read_report(const char *cpus, const char *trace)
{
    return read_report_of(2, cpus, trace);
}

static const struct timeline_span *span_of(const struct timeline *timeline, guint cpu, guint span)
{
    const GArray *spans = timeline_cpu(timeline, cpu)->spans;
    assert_in_range(span, 0, spans->len - 1);
    return &g_array_index(spans, struct timeline_span, span);
}

static void expect_span(const struct timeline *timeline, guint cpu, guint span,
                        enum timeline_state state, gint64 from_ns, gint64 to_ns)
{
    const struct timeline_span *found = span_of(timeline, cpu, span);
    assert_string_equal(timeline_state_name(found->state), timeline_state_name(state));
    assert_int_equal(found->from_ns, from_ns);
    assert_int_equal(found->to_ns, to_ns);
}

static void stamps_alone_make_the_phases(void **state)
{
    (void)state;
    struct timeline *timeline =
        read_report(BSP_CPU ",{\"apic_id\":5,\"state\":\"on\",\"stamps_ns\":{\"wake_sent\":1000,"
                            "\"first_instruction\":1100,\"long_mode\":1150,\"own_tables\":1300,"
                            "\"parked\":1400,\"on\":1900}}",
                    "");
    expect_span(timeline, 1, 0, TIMELINE_WOKEN, 0, 100);
    expect_span(timeline, 1, 1, TIMELINE_REAL_MODE, 100, 150);
    expect_span(timeline, 1, 2, TIMELINE_LONG_MODE, 150, 300);
    expect_span(timeline, 1, 3, TIMELINE_OWN_TABLES, 300, 400);
    expect_span(timeline, 1, 4, TIMELINE_PARKED, 400, 900);
    expect_span(timeline, 1, 5, TIMELINE_ON, 900, 900);
    assert_true(span_of(timeline, 1, 5)->open);
    assert_int_equal(timeline->messages->len, 1);
    assert_int_equal(timeline->on_ns, 900);
    assert_int_equal(timeline->bring_up_ns, 900);
    assert_int_equal(timeline_cpu(timeline, 1)->on_ns, 900);
    timeline_free(timeline);
}

static const char traced_ap[] =
    BSP_CPU ",{\"apic_id\":5,\"state\":\"on\",\"stamps_ns\":{\"wake_sent\":1000,"
            "\"first_instruction\":1100,\"parked\":1400,\"on\":1900}}";

static void trace_and_stamps_are_taken_once(void **state)
{
    (void)state;
    struct timeline *timeline = read_report(
        traced_ap,
        "{\"apic_id\":0,\"written\":5,\"records\":[[900,\"prepared\",2,7],[1000,\"wake-sent\",5,1],"
        "[1450,\"adopted\",0,0],[1700,\"start-sent\",5,0],[1950,\"started\",0,0]]},"
        "{\"apic_id\":5,\"written\":3,\"records\":[[1100,\"first-instruction\",0,0],"
        "[1400,\"parked\",0,0],[1900,\"on\",0,0]]}");
    expect_span(timeline, 1, 2, TIMELINE_PARKED, 400, 700);
    expect_span(timeline, 1, 3, TIMELINE_STARTING, 700, 900);
    assert_int_equal(timeline_cpu(timeline, 1)->spans->len, 5);
    assert_int_equal(timeline->messages->len, 2); /* one wake, one start */
    assert_int_equal(timeline->stages->len, 2);
    assert_int_equal(timeline->bring_up_ns, 950);
    assert_int_equal(timeline->first_ns, -500); /* the BSP's own stamp */
    timeline_free(timeline);
}

static void start_before_the_first_wake_is_no_message_and_no_stage(void **state)
{
    (void)state;
    struct timeline *timeline = read_report(
        traced_ap,
        "{\"apic_id\":0,\"written\":5,\"records\":[[900,\"prepared\",2,7],[950,\"start-sent\",5,0],"
        "[1000,\"wake-sent\",5,1],[1910,\"adopted\",0,0],[1950,\"started\",0,0]]},"
        "{\"apic_id\":5,\"written\":3,\"records\":[[1100,\"first-instruction\",0,0],"
        "[1400,\"parked\",0,0],[1900,\"on\",0,0]]}");
    assert_true(timeline->on_arrival);
    expect_span(timeline, 1, 0, TIMELINE_WOKEN, 0, 100);
    expect_span(timeline, 1, 3, TIMELINE_ON, 900, 950);
    assert_int_equal(timeline->messages->len, 1); /* the wake */
    assert_int_equal(timeline->stages->len, 1);
    const struct timeline_stage *stage = &g_array_index(timeline->stages, struct timeline_stage, 0);
    assert_false(stage->start);
    assert_int_equal(stage->from_ns, 0);
    assert_int_equal(stage->to_ns, 910);
    assert_int_equal(timeline->bring_up_ns, 950);
    assert_null(strstr(timeline->totals, "waking all took"));
    timeline_free(timeline);
}

static void failed_cpu_has_its_reason_and_its_moment(void **state)
{
    (void)state;
    struct timeline *timeline = read_report(
        BSP_CPU ",{\"apic_id\":5,\"state\":\"failed\",\"failure\":\"MUSTER_ERROR_NOT_ARRIVED\","
                "\"stamps_ns\":{\"wake_sent\":1000}}",
        "{\"apic_id\":0,\"written\":2,\"records\":[[1000,\"wake-sent\",5,1],"
        "[6000,\"failed\",5,3]]}");
    const struct timeline_cpu *cpu = timeline_cpu(timeline, 1);
    assert_true(cpu->failed);
    assert_string_equal(cpu->failure, "MUSTER_ERROR_NOT_ARRIVED");
    expect_span(timeline, 1, 0, TIMELINE_WOKEN, 0, 5000);
    expect_span(timeline, 1, 1, TIMELINE_FAILED, 5000, 5000);
    assert_int_equal(timeline->on, 1);
    assert_int_equal(timeline->missing, 0);
    assert_non_null(strstr(timeline->totals, "1 of 2 CPUs are on"));
    timeline_free(timeline);
}

static void one_cpu_is_told_of_as_one(void **state)
{
    (void)state;
    struct timeline *timeline = read_report_of(1, BSP_CPU, "");
    assert_true(g_str_has_prefix(timeline->totals, "The CPU is on"));
    timeline_free(timeline);
    timeline = read_report_of(
        1,
        "{\"apic_id\":5,\"state\":\"failed\",\"failure\":\"x\",\"stamps_ns\":{\"wake_sent\":1000}}",
        "");
    assert_true(g_str_has_prefix(timeline->totals, "0 of 1 CPU is on"));
    timeline_free(timeline);
}

static void failed_hand_back_is_a_failure_and_no_way_home(void **state)
{
    (void)state;
    struct timeline *timeline =
        read_report(traced_ap, "{\"apic_id\":0,\"written\":2,\"records\":[[1000,\"wake-sent\",5,1],"
                               "[1600,\"handed-back\",5,9]]}");
    expect_span(timeline, 1, 3, TIMELINE_FAILED, 600, 900);
    timeline_free(timeline);
    timeline =
        read_report(traced_ap, "{\"apic_id\":0,\"written\":2,\"records\":[[1000,\"wake-sent\",5,1],"
                               "[1600,\"handed-back\",5,0]]}");
    expect_span(timeline, 1, 3, TIMELINE_AWAY, 600, 900);
    timeline_free(timeline);
}

static void cpu_that_nobody_lists_is_counted_as_missing(void **state)
{
    (void)state;
    struct timeline *timeline = read_report(BSP_CPU, "");
    assert_int_equal(timeline->missing, 1);
    timeline_free(timeline);
}

static void message_that_seems_to_come_after_its_effect_changes_nothing(void **state)
{
    (void)state;
    struct timeline *timeline =
        read_report(traced_ap, "{\"apic_id\":0,\"written\":2,\"records\":[[1000,\"wake-sent\",5,1],"
                               "[1905,\"start-sent\",5,0]]}");
    const GArray *spans = timeline_cpu(timeline, 1)->spans;
    assert_int_equal(g_array_index(spans, struct timeline_span, spans->len - 1).state, TIMELINE_ON);
    timeline_free(timeline);
}

static void lost_records_are_admitted(void **state)
{
    (void)state;
    struct timeline *timeline =
        read_report(traced_ap, "{\"apic_id\":0,\"written\":3,\"records\":[[1000,\"wake-sent\",5,1],"
                               "[1500,\"start-sent\",5,0],[1600,\"started\",0,0]]},"
                               "{\"apic_id\":5,\"written\":90,\"records\":[[1800,\"off\",0,0],"
                               "[1900,\"on\",0,0]]}");
    assert_true(timeline_cpu(timeline, 1)->lost);
    expect_span(timeline, 1, 3, TIMELINE_UNKNOWN, 500, 800);
    assert_int_equal(timeline_cpu(timeline, 1)->on_ns, -1); /* the stamp is of the last time */
    assert_int_equal(timeline->on_ns, 600);                 /* the BSP's word for all */
    timeline_free(timeline);
}

static void cpu_of_the_trace_alone_came_later(void **state)
{
    (void)state;
    struct timeline *timeline =
        read_report(traced_ap, "{\"apic_id\":9,\"written\":1,\"records\":[[9000,\"on\",0,0]]}");
    assert_true(timeline_cpu(timeline, 2)->late);
    assert_false(timeline_cpu(timeline, 2)->failed);
    assert_int_equal(timeline->bring_up_ns, 900); /* not its */
    assert_int_equal(timeline->last_ns, 8000);
    timeline_free(timeline);
}

static void nonsense_in_a_report_is_passed_over(void **state)
{
    (void)state;
    struct timeline *timeline = read_report(
        "7,[],{},{\"apic_id\":9223372036854775807,\"state\":\"off\"}," BSP_CPU
        ",{\"apic_id\":-4,\"stamps_ns\":[]},"
        "{\"apic_id\":5,\"state\":7,\"stamps_ns\":{\"on\":9223372036854775807,\"parked\":-5}}",
        "1,{\"apic_id\":5,\"written\":-1,\"records\":[[],[1],\"x\",[7,8,9,10],[null,\"on\"],"
        "[9223372036854775807,\"on\",0,0],[1e300,\"on\",0,0],[2000,\"dance\",1,1]]},"
        "{\"apic_id\":0,\"written\":2,\"records\":[[1000,\"wake-sent\",4711,1],"
        "[1001,\"start-sent\",-1,0]]}");
    assert_int_equal(timeline->messages->len, 0);
    assert_int_equal(timeline_cpu(timeline, 4)->apic_id, -1);
    for (guint i = 0; i < timeline->cpus->len; i++)
        assert_in_range(timeline_cpu(timeline, i)->spans->len, 0, 1);
    timeline_free(timeline);
}

static void control_characters_are_gone_from_all_texts(void **state)
{
    (void)state;
    struct timeline *timeline = read_report(
        BSP_CPU ",{\"apic_id\":5,\"state\":\"fa\\u001b[31miled\",\"failure\":\"a\\u0007b\"}", "");
    assert_string_equal(timeline_cpu(timeline, 1)->state, "failed");
    assert_string_equal(timeline_cpu(timeline, 1)->failure, "ab");
    timeline_free(timeline);
}

static void report_without_any_time_is_refused(void **state)
{
    (void)state;
    JsonObject *report = fields_parse("{\"cpus\":[{\"apic_id\":0,\"state\":\"on\"}],\"trace\":[]}");
    GError *error = NULL;
    assert_null(timeline_new(report, NULL, &error));
    assert_non_null(strstr(error->message, "no time stamps"));
    g_error_free(error);
    json_object_unref(report);
}

static void quiet_time_is_cut_and_busy_time_is_not(void **state)
{
    (void)state;
    struct axis axis;
    struct timeline *timeline =
        read_report(BSP_CPU ",{\"apic_id\":5,\"state\":\"on\",\"stamps_ns\":{\"wake_sent\":1000,"
                            "\"first_instruction\":2000,\"parked\":3000,\"on\":903000}}",
                    "{\"apic_id\":0,\"written\":2,\"records\":[[1000,\"wake-sent\",5,1],"
                    "[902000,\"start-sent\",5,0]]}");
    axis_init(&axis, timeline, 100, 1100);
    assert_int_equal(axis.length, 3); /* parked for 900 of 903 us */
    assert_true(axis.pieces[1].cut);
    assert_true(axis.pieces[1].from_ns > 2000 && axis.pieces[1].to_ns < 901000);
    /* Where there is room, behind the cut, and before it if there is none behind. */
    double cut_x = axis.pieces[1].from_x, behind_x = axis.pieces[1].to_x;
    assert_true(axis_place(&axis, 120, 50) == 120);
    assert_true(axis_place(&axis, cut_x - 10, 50) == behind_x);
    assert_true(axis_place(&axis, 1090, 50) == 1050);
    assert_true(axis_place(&axis, 1090, 1100 - behind_x + 1) == cut_x - (1100 - behind_x + 1));
    timeline_free(timeline);

    timeline =
        read_report(BSP_CPU ",{\"apic_id\":5,\"state\":\"on\",\"stamps_ns\":{\"wake_sent\":1000,"
                            "\"first_instruction\":901000,\"parked\":902000,\"on\":903000}}",
                    "");
    axis_init(&axis, timeline, 100, 1100);
    assert_int_equal(axis.length, 1); /* the same gap, and it waits for its first instruction */
    timeline_free(timeline);
}

static void later_is_never_further_left(void **state)
{
    (void)state;
    struct axis axis;
    struct timeline *timeline =
        read_report(BSP_CPU ",{\"apic_id\":5,\"state\":\"on\",\"stamps_ns\":{\"wake_sent\":1000,"
                            "\"parked\":3000,\"on\":903000}}",
                    "{\"apic_id\":0,\"written\":1,\"records\":[[902000,\"start-sent\",5,0]]}");
    axis_init(&axis, timeline, 100, 1100);
    assert_true(axis_x(&axis, -5000) == 100);
    assert_true(axis_x(&axis, G_MAXINT64 / 4) == 1100);
    double last = 0;
    for (gint64 at_ns = 0; at_ns < axis.end_ns; at_ns += 777) {
        assert_true(axis_x(&axis, at_ns) >= last);
        last = axis_x(&axis, at_ns);
    }
    assert_true(last <= 1100 && axis_x(&axis, axis.end_ns) == 1100);
    timeline_free(timeline);
}

static void expect_duration(gint64 ns, const char *wanted)
{
    char *text = axis_duration(ns);
    assert_string_equal(text, wanted);
    g_free(text);
}

static void durations_have_three_digits(void **state)
{
    (void)state;
    expect_duration(0, "0 ns");
    expect_duration(999, "999 ns");
    expect_duration(1000, "1 µs");
    expect_duration(9154, "9.15 µs");
    expect_duration(91540, "91.5 µs");
    expect_duration(999600, "1.00 ms");
    expect_duration(10000000, "10 ms");
    expect_duration(12345678901, "12.3 s");
}

static struct timeline *read_many(guint count, guint failed, guint packages)
{
    GString *cpus = g_string_new(BSP_CPU);
    for (guint i = 1; i < count; i++)
        g_string_append_printf(cpus,
                               ",{\"apic_id\":%u,\"state\":\"%s\",\"package\":%u,\"stamps_ns\":"
                               "{\"wake_sent\":%u}}",
                               i, i <= failed ? "failed" : "on", i % packages, 1000 + i);
    struct timeline *timeline = read_report(cpus->str, "");
    g_string_free(cpus, TRUE);
    return timeline;
}

static void expect_rows(guint count, guint failed, double highest)
{
    struct timeline *timeline = read_many(count, failed, 1);
    struct rows rows;
    rows_init(&rows, timeline);
    double y = 0;
    guint labels = 0;
    assert_int_equal(rows.rows->len, count - 1);
    assert_int_equal(rows_are_dense(timeline), rows.pitch < 10);
    for (guint i = 0; i < rows.rows->len; i++) {
        const struct row *row = &g_array_index(rows.rows, struct row, i);
        assert_true(row->y >= y && row->height >= 2); /* none over another, none out of sight */
        assert_true(i >= failed || row->height > 12 || rows.pitch >= 11);
        labels += row->labelled;
        y = row->y + row->height;
    }
    assert_true(labels > 0 && labels * 11 <= rows.height + 11);
    assert_true(rows.height < highest);
    rows_clear(&rows);
    timeline_free(timeline);
}

static void rows_fit_on_a_page_however_many_they_are(void **state)
{
    (void)state;
    expect_rows(2, 0, 60);
    expect_rows(4, 1, 120);
    expect_rows(64, 3, 900);
    expect_rows(81, 0, 1000);
    expect_rows(255, 3, 1100);
    expect_rows(512, 20, 1400);
}

static void packages_stand_together_under_a_heading(void **state)
{
    (void)state;
    struct timeline *timeline = read_many(9, 0, 2);
    struct rows rows;
    rows_init(&rows, timeline);
    guint headings = 0;
    for (guint i = 0; i < rows.rows->len; i++) {
        const struct row *row = &g_array_index(rows.rows, struct row, i);
        headings += row->heading != NULL;
        assert_int_equal(timeline_cpu(timeline, row->cpu)->package, i < 4 ? 0 : 1);
    }
    assert_int_equal(headings, 2);
    assert_string_equal(g_array_index(rows.rows, struct row, 4).heading, "package 1");
    rows_clear(&rows);
    timeline_free(timeline);
}

static void no_two_parts_share_a_light_colour(void **state)
{
    (void)state;
    for (int i = 0; i < PALETTE_PARTS; i++) {
        struct palette_colour one = palette_colour((enum palette_part)i, false);
        for (int j = 0; j < i; j++) {
            struct palette_colour other = palette_colour((enum palette_part)j, false);
            assert_memory_not_equal(&one, &other, sizeof(one));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamps_alone_make_the_phases),
        cmocka_unit_test(trace_and_stamps_are_taken_once),
        cmocka_unit_test(start_before_the_first_wake_is_no_message_and_no_stage),
        cmocka_unit_test(failed_cpu_has_its_reason_and_its_moment),
        cmocka_unit_test(one_cpu_is_told_of_as_one),
        cmocka_unit_test(failed_hand_back_is_a_failure_and_no_way_home),
        cmocka_unit_test(cpu_that_nobody_lists_is_counted_as_missing),
        cmocka_unit_test(message_that_seems_to_come_after_its_effect_changes_nothing),
        cmocka_unit_test(lost_records_are_admitted),
        cmocka_unit_test(cpu_of_the_trace_alone_came_later),
        cmocka_unit_test(nonsense_in_a_report_is_passed_over),
        cmocka_unit_test(control_characters_are_gone_from_all_texts),
        cmocka_unit_test(report_without_any_time_is_refused),
        cmocka_unit_test(quiet_time_is_cut_and_busy_time_is_not),
        cmocka_unit_test(later_is_never_further_left),
        cmocka_unit_test(durations_have_three_digits),
        cmocka_unit_test(rows_fit_on_a_page_however_many_they_are),
        cmocka_unit_test(packages_stand_together_under_a_heading),
        cmocka_unit_test(no_two_parts_share_a_light_colour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
