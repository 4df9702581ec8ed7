#include "cli/machine/monitor.h"

#include <stdio.h>
#include <string.h>

#include "boot/plural.h"
#include "cli/base/fields.h"

/* The monitor tells each rule 64 times; a guest that pretends to be one is cut off here. */
#define MOST_KEPT    4096
#define MOST_PRINTED 10

void monitor_init(struct monitor *monitor)
{
    *monitor = (struct monitor){
        .findings = json_array_new(), .where = json_array_new(), .counts = json_array_new()};
}

void monitor_clear(struct monitor *monitor)
{
    g_clear_pointer(&monitor->ready, json_object_unref);
    g_clear_pointer(&monitor->fatal, json_object_unref);
    g_clear_pointer(&monitor->end, json_object_unref);
    g_clear_pointer(&monitor->conformance, json_object_unref);
    g_clear_pointer(&monitor->findings, json_array_unref);
    g_clear_pointer(&monitor->where, json_array_unref);
    g_clear_pointer(&monitor->counts, json_array_unref);
}

static void keep(JsonArray *array, JsonObject *object)
{
    if (json_array_get_length(array) < MOST_KEPT)
        json_array_add_object_element(array, json_object_ref(object));
}

static void keep_first(JsonObject **place, JsonObject *object)
{
    if (!*place)
        *place = json_object_ref(object);
}

static void keep_last(JsonObject **place, JsonObject *object)
{
    g_clear_pointer(place, json_object_unref);
    *place = json_object_ref(object);
}

/* What a vCPU said of itself before is no longer so. */
static void keep_last_of_vcpu(JsonArray *array, JsonObject *object)
{
    gint64 vcpu = fields_number(object, "vcpu", -1);
    for (guint i = 0; i < fields_length(array); i++)
        if (fields_number(fields_element(array, i), "vcpu", -1) == vcpu)
            json_array_remove_element(array, i--);
    keep(array, object);
}

enum monitor_event monitor_take(struct monitor *monitor, JsonObject *object)
{
    const char *event = fields_text(object, "event");
    /* Who said it and what it is tells the place where it is kept. */
    bool is_finding = g_strcmp0(event, "finding") == 0;
    bool is_where = g_strcmp0(event, "where") == 0;
    if (is_finding)
        keep(monitor->findings, object);
    if (is_where)
        keep_last_of_vcpu(monitor->where, object);
    if (g_strcmp0(event, "count") == 0)
        keep_last_of_vcpu(monitor->counts, object);
    if (g_strcmp0(event, "conformance") == 0)
        keep_last(&monitor->conformance, object);
    if (g_strcmp0(event, "ready") == 0)
        keep_first(&monitor->ready, object);
    if (g_strcmp0(event, "fatal") == 0)
        keep_first(&monitor->fatal, object);
    if (g_strcmp0(event, "end") == 0)
        keep_first(&monitor->end, object);
    if (json_object_has_member(object, "rip"))
        json_object_set_null_member(object, "symbol");
    json_object_remove_member(object, "from");
    json_object_remove_member(object, "event");
    return is_where ? MONITOR_WHERE : MONITOR_NOTHING;
}

guint monitor_count(const struct monitor *monitor, const char *rule)
{
    guint count = 0;
    for (guint i = 0; i < fields_length(monitor->findings); i++)
        count += g_strcmp0(fields_text(fields_element(monitor->findings, i), "rule"), rule) == 0;
    return count;
}

static void name_place(JsonObject *event, const struct symbols *symbols)
{
    guint64 rip;
    char *name = fields_address(event, "rip", &rip) ? symbols_name(symbols, rip) : NULL;
    if (name)
        json_object_set_string_member(event, "symbol", name);
    g_free(name);
}

void monitor_name_places(const struct monitor *monitor, const struct symbols *symbols)
{
    for (guint i = 0; i < fields_length(monitor->findings); i++)
        name_place(fields_element(monitor->findings, i), symbols);
    for (guint i = 0; i < fields_length(monitor->where); i++)
        name_place(fields_element(monitor->where, i), symbols);
    name_place(monitor->fatal, symbols);
}

char *monitor_place(JsonObject *event)
{
    const char *rip = fields_text(event, "rip");
    const char *symbol = fields_text(event, "symbol");
    gint64 vcpu = fields_number(event, "vcpu", -1);
    if (vcpu < 0)
        return g_strdup("no vCPU");
    return g_strdup_printf("vCPU %" G_GINT64_FORMAT " (APIC ID %" G_GINT64_FORMAT ") at %s%s%s%s",
                           vcpu, fields_number(event, "apic_id", -1), rip ? rip : "an unknown RIP",
                           symbol ? " (" : "", symbol ? symbol : "", symbol ? ")" : "");
}

char *monitor_places(const struct monitor *monitor)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < fields_length(monitor->where); i++) {
        char *place = monitor_place(fields_element(monitor->where, i));
        g_string_append_printf(text, "%s%s", i ? ", " : "; ", place);
        g_free(place);
    }
    return g_string_free(text, FALSE);
}

static char *finding_line(JsonObject *finding)
{
    const char *rule = fields_text(finding, "rule");
    const char *text = fields_text(finding, "text");
    char *place = monitor_place(finding);
    char *line = g_strdup_printf("%s: %s: %s", rule ? rule : "?", place, text ? text : "");
    g_free(place);
    return line;
}

/* One line for those in a row that read the same, from @first on. Returns the one behind them. */
static guint print_alike(const GPtrArray *findings, guint first)
{
    char *line = finding_line(findings->pdata[first]);
    guint end = first + 1;
    for (bool alike = true; alike && end < findings->len; end += alike) {
        char *next = finding_line(findings->pdata[end]);
        alike = strcmp(line, next) == 0;
        g_free(next);
    }
    printf("    %s", line);
    if (end - first > 1)
        printf(" (%u times)", end - first);
    printf("\n");
    g_free(line);
    return end;
}

void monitor_print(const struct monitor *monitor, bool (*told)(const char *rule))
{
    GPtrArray *findings = g_ptr_array_new();
    for (guint i = 0; i < fields_length(monitor->findings); i++) {
        JsonObject *finding = fields_element(monitor->findings, i);
        if (!told || !told(fields_text(finding, "rule")))
            g_ptr_array_add(findings, finding);
    }
    if (findings->len)
        printf("%u %s%s of the monitor:\n", findings->len, told ? "other " : "",
               plural(findings->len, "finding", "findings"));
    guint next = 0;
    for (guint lines = 0; lines < MOST_PRINTED && next < findings->len; lines++)
        next = print_alike(findings, next);
    if (next < findings->len)
        printf("    and %u more, all in the report (--json)\n", findings->len - next);
    if (findings->len)
        printf("\n");
    g_ptr_array_unref(findings);
}

static void set_object(JsonObject *into, const char *name, JsonObject *object)
{
    if (object)
        json_object_set_object_member(into, name, json_object_ref(object));
    else
        json_object_set_null_member(into, name);
}

JsonObject *monitor_report(const struct monitor *monitor)
{
    JsonObject *object = json_object_new();
    const char *profile = fields_text(monitor->ready, "profile");
    gint64 vcpus = fields_number(monitor->ready, "vcpus", -1);
    const char *by = fields_text(monitor->end, "by");
    if (profile)
        json_object_set_string_member(object, "profile", profile);
    else
        json_object_set_null_member(object, "profile");
    if (vcpus >= 0)
        json_object_set_int_member(object, "vcpus", vcpus);
    else
        json_object_set_null_member(object, "vcpus");
    json_object_set_array_member(object, "findings", json_array_ref(monitor->findings));
    set_object(object, "fatal", monitor->fatal);
    json_object_set_array_member(object, "where", json_array_ref(monitor->where));
    json_object_set_array_member(object, "counts", json_array_ref(monitor->counts));
    if (by)
        json_object_set_string_member(object, "end", by);
    else
        json_object_set_null_member(object, "end");
    return object;
}
