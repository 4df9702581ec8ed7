#include "cli/timeline/history.h"

#include "cli/base/clean.h"
#include "cli/base/fields.h"
#include "cli/base/files.h"

static const struct {
    const char *name, *text;
} states[TIMELINE_STATES] = {
    [TIMELINE_WOKEN] = {"woken", "wake sent"},
    [TIMELINE_REAL_MODE] = {"real-mode", "first instruction"},
    [TIMELINE_LONG_MODE] = {"long-mode", "long mode"},
    [TIMELINE_OWN_TABLES] = {"own-tables", "own tables"},
    [TIMELINE_PARKED] = {"parked", "parked"},
    [TIMELINE_STARTING] = {"starting", "start sent"},
    [TIMELINE_ON] = {"on", "on"},
    [TIMELINE_AWAY] = {"away", "back with the firmware"},
    [TIMELINE_FAILED] = {"failed", "failed"},
    [TIMELINE_UNKNOWN] = {"unknown", "not known: trace records lost"},
};

const char *timeline_state_name(enum timeline_state state)
{
    return states[state].name;
}

const char *timeline_state_text(enum timeline_state state)
{
    return states[state].text;
}

static void free_cpu(gpointer pointer)
{
    struct timeline_cpu *cpu = pointer;
    g_free(cpu->state);
    g_free(cpu->failure);
    g_array_unref(cpu->steps);
    g_array_unref(cpu->spans);
    g_array_unref(cpu->records);
    g_free(cpu);
}

static struct timeline_cpu *add_cpu(struct timeline *timeline, gint64 apic_id)
{
    struct timeline_cpu *cpu = g_new0(struct timeline_cpu, 1);
    cpu->apic_id = apic_id;
    cpu->index = cpu->core = cpu->package = cpu->node = -1;
    cpu->parked_ns = cpu->on_ns = -1;
    cpu->first_ns = G_MAXINT64;
    cpu->steps = g_array_new(FALSE, FALSE, sizeof(struct timeline_step));
    cpu->spans = g_array_new(FALSE, FALSE, sizeof(struct timeline_span));
    cpu->records = g_array_new(FALSE, FALSE, sizeof(struct timeline_record));
    g_ptr_array_add(timeline->cpus, cpu);
    return cpu;
}

/* A guest may have written it: it is shown to people, in files of several formats. */
static char *clean_or(const char *text, const char *otherwise)
{
    return text ? clean_text(text) : g_strdup(otherwise);
}

/* An APIC ID and what is made of it has 32 bits; -1: it is not known. */
static gint64 read_id(JsonObject *object, const char *name)
{
    gint64 id = fields_number(object, name, -1);
    return id >= 0 && id <= G_MAXUINT32 ? id : -1;
}

static void read_cpu(struct timeline *timeline, JsonObject *object)
{
    struct timeline_cpu *cpu = add_cpu(timeline, read_id(object, "apic_id"));
    cpu->index = read_id(object, "index");
    cpu->core = read_id(object, "core");
    cpu->package = read_id(object, "package");
    cpu->node = read_id(object, "node");
    cpu->bsp = fields_flag(object, "bsp");
    cpu->state = clean_or(fields_text(object, "state"), "unknown");
    cpu->failed = g_strcmp0(cpu->state, "on") != 0;
    const char *failure = fields_text(object, "failure");
    if (failure || cpu->failed)
        cpu->failure = failure ? clean_text(failure) : g_strdup_printf("is %s", cpu->state);
}

/* Those that came after the boot have a ring and no entry. */
static void read_late_cpus(struct timeline *timeline, JsonArray *trace)
{
    GHashTable *known = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (guint i = 0; i < timeline->cpus->len; i++)
        g_hash_table_add(known, &timeline_cpu(timeline, i)->apic_id);
    for (guint i = 0; i < fields_length(trace) && timeline->cpus->len <= TIMELINE_MAX_CPUS; i++) {
        gint64 id = read_id(fields_element(trace, i), "apic_id");
        if (id < 0 || g_hash_table_contains(known, &id))
            continue;
        struct timeline_cpu *cpu = add_cpu(timeline, id);
        cpu->late = true;
        cpu->state = g_strdup("came later");
        g_hash_table_add(known, &cpu->apic_id);
    }
    g_hash_table_unref(known);
}

/* The BSP comes first: it is who sends the messages. All others stay as listed. */
static void put_bsp_first(struct timeline *timeline)
{
    for (guint i = 0; i < timeline->cpus->len; i++) {
        if (timeline_cpu(timeline, i)->bsp) {
            g_ptr_array_insert(timeline->cpus, 0, g_ptr_array_steal_index(timeline->cpus, i));
            return;
        }
    }
}

static void count_cpus(struct timeline *timeline, JsonObject *report)
{
    gint64 listed = 0;
    for (guint i = 0; i < timeline->cpus->len; i++) {
        const struct timeline_cpu *cpu = timeline_cpu(timeline, i);
        listed += !cpu->late;
        timeline->on += !cpu->late && !cpu->failed;
    }
    timeline->asked = read_id(report, "cpus_asked");
    if (timeline->asked < 0)
        timeline->asked = listed;
    timeline->missing = MAX(timeline->asked - listed, 0);
    JsonArray *failures = fields_array(report, "failures");
    for (guint i = 0; i < fields_length(failures); i++) {
        JsonNode *node = json_array_get_element(failures, i);
        if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING)
            g_ptr_array_add(timeline->failures, clean_text(json_node_get_string(node)));
    }
}

static bool read_cpus(struct timeline *timeline, JsonObject *report, GError **error)
{
    JsonArray *cpus = fields_array(report, "cpus");
    for (guint i = 0; i < fields_length(cpus) && i <= TIMELINE_MAX_CPUS; i++)
        read_cpu(timeline, fields_element(cpus, i));
    read_late_cpus(timeline, fields_array(report, "trace"));
    if (timeline->cpus->len > TIMELINE_MAX_CPUS)
        return files_refuse(error, "it tells of more than %d CPUs", TIMELINE_MAX_CPUS);
    put_bsp_first(timeline);
    count_cpus(timeline, report);
    return true;
}

static bool has_times(const struct timeline *timeline)
{
    for (guint i = 0; i < timeline->cpus->len; i++) {
        const struct timeline_cpu *cpu = timeline_cpu(timeline, i);
        if (cpu->spans->len || cpu->records->len)
            return true;
    }
    return false;
}

struct timeline *timeline_new(JsonObject *report, const char *title, GError **error)
{
    struct timeline *timeline = g_new0(struct timeline, 1);
    timeline->cpus = g_ptr_array_new_with_free_func(free_cpu);
    timeline->failures = g_ptr_array_new_with_free_func(g_free);
    timeline->messages = g_array_new(FALSE, FALSE, sizeof(struct timeline_message));
    timeline->stages = g_array_new(FALSE, FALSE, sizeof(struct timeline_stage));
    timeline->texts = g_string_chunk_new(1024);
    timeline->parked_ns = timeline->on_ns = -1;
    bool good = read_cpus(timeline, report, error);
    if (good) {
        if (timeline->cpus->len > 0)
            timeline_tell_history(timeline, report);
        good = has_times(timeline) ||
               files_refuse(error, "it has no time stamps of any CPU; only reports of 'muster run' "
                                   "whose kernel came to its report have them");
    }
    if (good) {
        timeline_put_into_words(timeline, report, title);
        return timeline;
    }
    timeline_free(timeline);
    return NULL;
}

void timeline_free(struct timeline *timeline)
{
    if (!timeline)
        return;
    g_free(timeline->title);
    g_free(timeline->totals);
    g_free(timeline->machine);
    g_ptr_array_unref(timeline->failures);
    g_ptr_array_unref(timeline->cpus);
    g_array_unref(timeline->messages);
    g_array_unref(timeline->stages);
    g_string_chunk_free(timeline->texts);
    g_free(timeline);
}
