#include "cli/timeline/trace_events.h"

#include "cli/timeline/emit.h"

/* The one process; a thread is a CPU's place in the model and one more, as 0 is often hidden. */
#define PID 1

struct events {
    GString *out;
    const struct timeline *timeline;
    bool some;
};

/* What every event has. A time is on the clock of the report's own stamps. */
static void begin(struct events *events, const char *phase, const char *name, guint place,
                  gint64 at_ns)
{
    g_string_append_printf(events->out, "%s\n{\"ph\":\"%s\",\"pid\":%d,\"tid\":%u,\"ts\":",
                           events->some ? "," : "", phase, PID, place + 1);
    emit_us(events->out, at_ns + events->timeline->zero_ns);
    g_string_append(events->out, ",\"name\":");
    emit_text(events->out, name);
    events->some = true;
}

static void add_slice(struct events *events, const char *category, const char *name, guint place,
                      gint64 from_ns, gint64 to_ns)
{
    begin(events, "X", name, place, from_ns);
    g_string_append_printf(events->out, ",\"cat\":\"%s\",\"dur\":", category);
    emit_us(events->out, MAX(to_ns - from_ns, 0));
    g_string_append_c(events->out, '}');
}

/* Names of the process and its threads are events, too. */
static void add_name(struct events *events, const char *kind, guint place, const char *name)
{
    g_string_append_printf(
        events->out, "%s\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%u,\"name\":\"%s\",\"args\":{\"%s\":",
        events->some ? "," : "", PID, place + 1, kind,
        g_str_equal(kind, "process_labels") ? "labels" : "name");
    emit_text(events->out, name);
    g_string_append(events->out, "}}");
    events->some = true;
}

static void add_cpu_name(struct events *events, guint place)
{
    const struct timeline_cpu *cpu = timeline_cpu(events->timeline, place);
    char *name =
        g_strdup_printf("%s%" G_GINT64_FORMAT "%s%s", cpu->bsp ? "BSP, APIC ID " : "APIC ID ",
                        cpu->apic_id, cpu->failed ? ": " : "", cpu->failed ? cpu->failure : "");
    add_name(events, "thread_name", place, name);
    g_string_append_printf(events->out,
                           ",\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%u,\"name\":\"thread_sort_index\","
                           "\"args\":{\"sort_index\":%u}}",
                           PID, place + 1, place);
    g_free(name);
}

static void add_cpu(struct events *events, guint place)
{
    const struct timeline_cpu *cpu = timeline_cpu(events->timeline, place);
    add_cpu_name(events, place);
    for (guint i = 0; i < cpu->spans->len; i++) {
        const struct timeline_span *span = &g_array_index(cpu->spans, struct timeline_span, i);
        add_slice(events, "phase", timeline_state_text(span->state), place, span->from_ns,
                  span->to_ns);
    }
    for (guint i = 0; i < cpu->records->len; i++) {
        const struct timeline_record *record =
            &g_array_index(cpu->records, struct timeline_record, i);
        begin(events, "i", record->event, place, record->at_ns);
        g_string_append_printf(
            events->out,
            ",\"cat\":\"trace\",\"s\":\"t\",\"args\":{\"argument\":%" G_GINT64_FORMAT
            ",\"value\":%" G_GINT64_FORMAT "}}",
            record->argument, record->value);
    }
}

/* From what the sender does at that time to what the receiver does from then on. */
static void add_message(struct events *events, const struct timeline_message *message, guint id)
{
    const char *name = message->start ? "start" : "wake";
    begin(events, "s", name, message->from, message->at_ns);
    g_string_append_printf(events->out, ",\"cat\":\"message\",\"id\":%u}", id);
    begin(events, "f", name, message->to, message->at_ns);
    g_string_append_printf(events->out, ",\"cat\":\"message\",\"id\":%u,\"bp\":\"e\"}", id);
}

static void add_all(struct events *events)
{
    const struct timeline *timeline = events->timeline;
    add_name(events, "process_name", 0, timeline->title);
    add_name(events, "process_labels", 0, timeline->machine);
    for (guint i = 0; i < timeline->cpus->len; i++)
        add_cpu(events, i);
    for (guint i = 0; i < timeline->stages->len; i++) {
        const struct timeline_stage *stage =
            &g_array_index(timeline->stages, struct timeline_stage, i);
        add_slice(events, "stage", stage->start ? "starts all" : "wakes all", timeline->bsp,
                  stage->from_ns, stage->to_ns);
    }
    for (guint i = 0; i < timeline->messages->len; i++)
        add_message(events, &g_array_index(timeline->messages, struct timeline_message, i), i + 1);
}

GByteArray *trace_events_of(const struct timeline *timeline)
{
    struct events events = {g_string_new("{\"traceEvents\":["), timeline, false};
    add_all(&events);
    g_string_append(events.out, "\n],\n\"displayTimeUnit\":\"ns\",\n\"otherData\":{\"title\":");
    emit_text(events.out, timeline->title);
    g_string_append(events.out, ",\"totals\":");
    emit_text(events.out, timeline->totals);
    g_string_append(events.out, ",\"machine\":");
    emit_text(events.out, timeline->machine);
    g_string_append(events.out, "}}\n");
    gsize length = events.out->len;
    return g_byte_array_new_take((guint8 *)g_string_free(events.out, FALSE), length);
}
