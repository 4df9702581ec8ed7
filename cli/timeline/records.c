/* Reads the time stamps and the trace of a report: who changed, when, and who was told to. */
#include "cli/timeline/history.h"

#include <string.h>

#include "cli/base/clean.h"
#include "cli/base/fields.h"

/* Later than this no machine's clock is; sums of two such still fit. */
#define LATEST_NS ((gint64)1 << 60)

/* What a trace record (docs/cpus.md) or a stamp (docs/report.md) makes of a CPU. */
static const struct kind {
    const char *event, *stamp;
    enum timeline_state state;
    bool by_other; /* the argument tells whose it is; else it is the ring's owner's */
} kinds[] = {
    {"wake-sent", "wake_sent", TIMELINE_WOKEN, true},
    {"first-instruction", "first_instruction", TIMELINE_REAL_MODE, false},
    {"long-mode", "long_mode", TIMELINE_LONG_MODE, false},
    {"own-tables", "own_tables", TIMELINE_OWN_TABLES, false},
    {"parked", "parked", TIMELINE_PARKED, false},
    {"start-sent", NULL, TIMELINE_STARTING, true},
    {"on", "on", TIMELINE_ON, false},
    {"off", NULL, TIMELINE_PARKED, false},
    {"left", NULL, TIMELINE_AWAY, false},
    {"handed-back", NULL, TIMELINE_AWAY, true},
    {"failed", NULL, TIMELINE_FAILED, true},
};

struct history {
    struct timeline *timeline;
    GHashTable *places; /* APIC ID to place + 1 */
};

static bool find_place(const struct history *history, gint64 apic_id, guint *place)
{
    guint found = GPOINTER_TO_UINT(g_hash_table_lookup(history->places, &apic_id));
    *place = found - 1;
    return found > 0 && apic_id >= 0;
}

static bool is_time(gint64 at_ns)
{
    return at_ns > 0 && at_ns <= LATEST_NS;
}

static void add_step(struct history *history, guint place, const struct timeline_step *step)
{
    g_array_append_val(timeline_cpu(history->timeline, place)->steps, *step);
}

static void add_message(struct history *history, guint from, guint to,
                        const struct timeline_step *step)
{
    struct timeline_message message = {step->at_ns, from, to, step->state == TIMELINE_STARTING};
    g_array_append_val(history->timeline->messages, message);
}

static void take_step(struct history *history, guint owner, const struct timeline_record *record)
{
    const struct kind *kind = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds) && !kind; i++) {
        if (strcmp(kinds[i].event, record->event) == 0)
            kind = &kinds[i];
    }
    guint place = owner;
    if (!kind || (kind->by_other && !find_place(history, record->argument, &place)))
        return;
    struct timeline_step step = {record->at_ns, kind->state};
    if (kind->state == TIMELINE_AWAY && record->value != 0 && kind->by_other)
        step.state = TIMELINE_FAILED; /* its value is a status: it did not get there */
    add_step(history, place, &step);
    if (kind->state == TIMELINE_WOKEN || kind->state == TIMELINE_STARTING)
        add_message(history, owner, place, &step);
}

/* Four elements; the second is text. False: it is something else. */
static bool read_record(struct timeline *timeline, JsonArray *array, struct timeline_record *record)
{
    if (json_array_get_length(array) < 2)
        return false;
    JsonNode *event = json_array_get_element(array, 1);
    *record = (struct timeline_record){.at_ns = fields_element_number(array, 0, -1)};
    if (!is_time(record->at_ns) || !JSON_NODE_HOLDS_VALUE(event) ||
        json_node_get_value_type(event) != G_TYPE_STRING)
        return false;
    if (json_array_get_length(array) > 3) {
        record->argument = fields_element_number(array, 2, 0);
        record->value = fields_element_number(array, 3, 0);
    }
    char *clean = clean_text(json_node_get_string(event));
    record->event = g_string_chunk_insert_const(timeline->texts, clean);
    g_free(clean);
    return true;
}

static void read_ring(struct history *history, JsonObject *ring)
{
    JsonArray *records = fields_array(ring, "records");
    guint place;
    if (!find_place(history, fields_number(ring, "apic_id", -1), &place))
        return;
    struct timeline_cpu *cpu = timeline_cpu(history->timeline, place);
    cpu->lost = fields_number(ring, "written", 0) > fields_length(records);
    for (guint i = 0; i < fields_length(records); i++) {
        JsonNode *node = json_array_get_element(records, i);
        struct timeline_record record;
        if (!JSON_NODE_HOLDS_ARRAY(node) ||
            !read_record(history->timeline, json_node_get_array(node), &record))
            continue;
        cpu->first_ns = MIN(cpu->first_ns, record.at_ns);
        g_array_append_val(cpu->records, record);
        take_step(history, place, &record);
    }
}

/* What both tell is in both with the same time; it is taken once, when all is in order. */
static void read_stamps(struct history *history, JsonObject *cpu)
{
    JsonObject *stamps = fields_object(cpu, "stamps_ns");
    guint place, bsp = history->timeline->bsp;
    if (!find_place(history, fields_number(cpu, "apic_id", -1), &place))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (!kinds[i].stamp)
            continue;
        struct timeline_step step = {fields_number(stamps, kinds[i].stamp, -1), kinds[i].state};
        if (!is_time(step.at_ns))
            continue;
        add_step(history, place, &step);
        if (step.state == TIMELINE_WOKEN)
            add_message(history, bsp, place, &step);
    }
}

static GHashTable *index_cpus(const struct timeline *timeline)
{
    GHashTable *places = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (guint i = timeline->cpus->len; i > 0; i--)
        g_hash_table_insert(places, &timeline_cpu(timeline, i - 1)->apic_id, GUINT_TO_POINTER(i));
    return places;
}

void timeline_read_history(struct timeline *timeline, JsonObject *report)
{
    struct history history = {timeline, index_cpus(timeline)};
    JsonArray *cpus = fields_array(report, "cpus"), *trace = fields_array(report, "trace");
    for (guint i = 0; i < fields_length(trace); i++)
        read_ring(&history, fields_element(trace, i));
    for (guint i = 0; i < fields_length(cpus); i++)
        read_stamps(&history, fields_element(cpus, i));
    g_hash_table_unref(history.places);
}
