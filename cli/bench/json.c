/* A benchmark for programs: docs/performance.md says what it means. */
#include <string.h>
#include <unistd.h>

#include "cli/base/members.h"
#include "cli/bench/bench.h"
#include "cli/bench/goals.h"

#define SCHEMA "muster.bench/1"

char *bench_host(void)
{
    char *text = NULL, *name = NULL;
    if (g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL)) {
        const char *model = strstr(text, "model name");
        const char *colon = model ? strchr(model, ':') : NULL;
        name = colon ? g_strstrip(g_strndup(colon + 1, strcspn(colon + 1, "\n"))) : NULL;
    }
    char *host = g_strdup_printf("%ld x %s", sysconf(_SC_NPROCESSORS_ONLN),
                                 name ? name : "an unknown processor");
    g_free(name);
    g_free(text);
    return host;
}

static void add_number(JsonArray *array, gint64 value)
{
    if (value < 0)
        json_array_add_null_element(array);
    else
        json_array_add_int_element(array, value);
}

static void set_number(JsonObject *object, const char *name, gint64 value)
{
    if (value < 0)
        json_object_set_null_member(object, name);
    else
        json_object_set_int_member(object, name, value);
}

static void set_double(JsonObject *object, const char *name, double value)
{
    if (value < 0)
        json_object_set_null_member(object, name);
    else
        json_object_set_double_member(object, name, value);
}

/* Every sample, and what is made of them. */
static void set_values(JsonObject *object, const char *name, const GArray *values)
{
    struct statistics statistics = statistics_of(values);
    JsonObject *figure = json_object_new();
    JsonArray *samples = json_array_new();
    bool known = statistics.count > 0;
    for (guint i = 0; i < values->len; i++)
        add_number(samples, g_array_index(values, gint64, i));
    json_object_set_array_member(figure, "samples", samples);
    json_object_set_int_member(figure, "count", statistics.count);
    set_number(figure, "median", known ? statistics.median : MARKS_NEVER);
    set_number(figure, "least", known ? statistics.least : MARKS_NEVER);
    set_number(figure, "most", known ? statistics.most : MARKS_NEVER);
    json_object_set_object_member(object, name, figure);
}

/* The first instructions of others are seen in boots of their own, or not at all. */
static const char *why_no_first(const struct bench_series *series)
{
    if (contenders[series->contender].ours)
        return "our own stamps tell: own_first_ns";
    if (series->contender == BENCH_LINUX_MAILBOX)
        return "by a mailbox APs begin where no SIPI tells";
    return series->first->len ? NULL : "not looked for: --first N";
}

static JsonObject *series_json(const struct bench_series *series)
{
    const struct contender *contender = &contenders[series->contender];
    JsonObject *object = json_object_new();
    JsonArray *problems = json_array_new();
    json_object_set_string_member(object, "contender", contender->name);
    json_object_set_string_member(object, "what", contender->what);
    json_object_set_int_member(object, "cpus", series->cpus);
    json_object_set_string_member(object, "threads", bench_thread_words[series->threads]);
    json_object_set_string_member(object, "from", contender->from);
    json_object_set_string_member(object, "to", contender->to);
    set_values(object, "on_ns", series->on);
    set_values(object, "first_ns", series->first);
    members_set_text(object, "first_why_not", why_no_first(series));
    set_values(object, "own_on_ns", series->own_on);
    set_values(object, "own_first_ns", series->own_first);
    set_values(object, "look_ns", series->look);
    for (guint i = 0; i < series->problems->len; i++)
        members_add_text(problems, g_ptr_array_index(series->problems, i));
    json_object_set_array_member(object, "problems", problems);
    return object;
}

static JsonObject *sleep_json(const struct bench *bench, const struct bench_sleep *sleep)
{
    JsonObject *object = json_object_new();
    json_object_set_int_member(object, "cpus", bench->sleepers);
    json_object_set_double_member(object, "ms", sleep->ms);
    set_double(object, "percent", sleep->percent);
    return object;
}

static JsonArray *goals_json(const struct bench *bench)
{
    static const char *const units[] = {"ns", "count", "percent", "ratio"};
    struct goal goals[GOALS_MAX];
    guint count = goals_judge(bench, goals);
    JsonArray *array = json_array_new();
    for (guint i = 0; i < count; i++) {
        JsonObject *object = json_object_new();
        double scale = goals[i].unit == GOAL_PERCENT || goals[i].unit == GOAL_RATIO ? 100 : 1;
        json_object_set_string_member(object, "name", goals[i].name);
        json_object_set_string_member(object, "what", goals[i].what);
        json_object_set_string_member(object, "unit", units[goals[i].unit]);
        set_double(object, "figure", goals[i].figure < 0 ? -1 : (double)goals[i].figure / scale);
        set_double(object, "bound", goals[i].bound < 0 ? -1 : (double)goals[i].bound / scale);
        json_object_set_string_member(object, "bound_is", goals[i].bound_is);
        json_object_set_string_member(object, "state", goal_state_name(goals[i].state));
        json_array_add_object_element(array, object);
    }
    return array;
}

static JsonObject *machine_json(const struct bench *bench)
{
    JsonObject *object = json_object_new();
    char *host = bench_host();
    members_set_text(object, "host", host);
    members_set_text(object, "qemu", bench->qemu_version);
    members_set_text(object, "qemu_path", bench->qemu_path);
    members_set_text(object, "cpu", bench->cpu_model);
    json_object_set_string_member(object, "machine", "q35");
    members_set_text(object, "linux", bench->files.linux_kernel);
    members_set_text(object, "xen", bench->files.xen);
    members_set_text(object, "ovmf", bench->files.ovmf);
    set_double(object, "load_before", bench->load_before);
    set_double(object, "load_after", bench->load_after);
    g_free(host);
    return object;
}

static void set_extras(JsonObject *object, const struct bench *bench)
{
    JsonArray *counts = json_array_new(), *discoveries = json_array_new();
    for (guint i = 0; i < bench->counts->len; i++) {
        const struct bench_count *count = &g_array_index(bench->counts, struct bench_count, i);
        JsonObject *element = json_object_new();
        json_object_set_int_member(element, "cpus", count->cpus);
        set_number(element, "instructions", count->instructions);
        json_array_add_object_element(counts, element);
    }
    for (guint i = 0; i < BENCH_DISCOVERIES && bench->discoveries[i].cpus; i++) {
        JsonObject *element = json_object_new();
        json_object_set_int_member(element, "cpus", bench->discoveries[i].cpus);
        json_object_set_int_member(element, "ns", bench->discoveries[i].ns);
        json_array_add_object_element(discoveries, element);
    }
    json_object_set_array_member(object, "instructions", counts);
    json_object_set_array_member(object, "discoveries", discoveries);
    json_object_set_object_member(object, "parked", sleep_json(bench, &bench->parked));
    json_object_set_object_member(object, "waiting", sleep_json(bench, &bench->waiting));
}

JsonObject *bench_json(const struct bench *bench)
{
    JsonObject *object = json_object_new();
    JsonArray *series = json_array_new(), *skipped = json_array_new(), *problems = json_array_new();
    for (guint i = 0; i < bench->series->len; i++)
        json_array_add_object_element(series, series_json(g_ptr_array_index(bench->series, i)));
    for (guint i = 0; i < bench->skipped->len; i++)
        members_add_text(skipped, g_ptr_array_index(bench->skipped, i));
    for (guint i = 0; i < bench->problems->len; i++)
        members_add_text(problems, g_ptr_array_index(bench->problems, i));
    json_object_set_string_member(object, "schema", SCHEMA);
    json_object_set_string_member(object, "verb", "bench");
    json_object_set_string_member(object, "date", bench->date);
    json_object_set_int_member(object, "repeat", bench->repeat);
    json_object_set_double_member(object, "seconds", bench->seconds);
    json_object_set_object_member(object, "machine", machine_json(bench));
    json_object_set_array_member(object, "series", series);
    json_object_set_array_member(object, "skipped", skipped);
    json_object_set_array_member(object, "problems", problems);
    set_extras(object, bench);
    json_object_set_array_member(object, "goals", goals_json(bench));
    return object;
}
