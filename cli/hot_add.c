#include "cli/hot_add.h"

#include <string.h>

#include "cli/fields.h"
#include "cli/verdict.h"

/* What the kernel must have proved of every CPU while those that came were there. */
static const char *const proofs[] = {"identity", "percpu",  "ipi-ring",  "ist-nmi",   "ist-df",
                                     "apic",     "syscall", "idle-work", "registers", "clock"};

void hot_add_init(struct hot_add *hot_add, const struct options *options, GPtrArray *problems)
{
    *hot_add =
        (struct hot_add){.cpus = options->cpus, .count = options->hot_add, .problems = problems};
    for (unsigned i = 0; i < OPTIONS_HOT_ADD_ROUNDS; i++)
        hot_add->ids[i] = g_array_new(FALSE, TRUE, sizeof(gint64));
}

void hot_add_clear(struct hot_add *hot_add)
{
    for (unsigned i = 0; i < OPTIONS_HOT_ADD_ROUNDS; i++)
        g_array_unref(hot_add->ids[i]);
}

G_GNUC_PRINTF(2, 3)
static void complain(struct hot_add *hot_add, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(hot_add->problems, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

/* ---- In and out ---- */

static JsonArray *places_of(JsonNode *result)
{
    return result && JSON_NODE_HOLDS_ARRAY(result) ? json_node_get_array(result) : NULL;
}

static bool is_free(JsonObject *place)
{
    return place && !json_object_has_member(place, "qom-path");
}

static unsigned count_taken(JsonArray *places)
{
    unsigned taken = 0;
    for (guint i = 0; i < fields_length(places); i++)
        taken += !is_free(fields_element(places, i));
    return taken;
}

static void on_apic_id(void *context, JsonNode *result, const char *problem)
{
    GArray *ids = context;
    (void)problem;
    bool number = result && json_node_get_value_type(result) == G_TYPE_INT64;
    gint64 id = number ? json_node_get_int(result) : -1;
    g_array_append_val(ids, id);
}

static void on_added(void *context, JsonNode *result, const char *problem)
{
    struct hot_add *hot_add = context;
    if (result)
        hot_add->added++;
    else
        complain(hot_add, "QEMU did not add a CPU: %s", problem);
}

/* IDs that differ from round to round: QEMU forgets one only some time after it is out. */
static char *device_id(unsigned round, unsigned number)
{
    return g_strdup_printf("muster-hot-%u-%u", round, number);
}

static void add_device(struct hot_add *hot_add, struct qmp *qmp, JsonObject *place, unsigned number)
{
    JsonObject *props = fields_object(place, "props");
    const char *driver = fields_text(place, "type");
    char *id = device_id(hot_add->round, number);
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *arguments = json_object_new();
    GList *names = props ? json_object_get_members(props) : NULL;
    for (GList *name = names; name; name = name->next)
        json_object_set_member(arguments, name->data,
                               json_node_copy(json_object_get_member(props, name->data)));
    g_list_free(names);
    json_object_set_string_member(arguments, "driver", driver ? driver : "");
    json_object_set_string_member(arguments, "id", id);
    json_node_take_object(node, arguments);
    char *text = json_to_string(node, FALSE);
    qmp_execute(qmp, "device_add", text, on_added, hot_add);
    char *question =
        g_strdup_printf("{\"path\":\"/machine/peripheral/%s\",\"property\":\"apic-id\"}", id);
    qmp_execute(qmp, "qom-get", question, on_apic_id, hot_add->ids[hot_add->round - 1]);
    g_free(question);
    g_free(text);
    json_node_unref(node);
    g_free(id);
}

/* QEMU lists the last place first; the same places are taken in every round. */
static void on_places(void *context, JsonNode *result, const char *problem)
{
    struct hot_add *hot_add = context;
    JsonArray *places = places_of(result);
    unsigned number = 0;
    if (!places)
        complain(hot_add, "QEMU did not tell where CPUs can be added: %s", problem);
    for (guint i = fields_length(places); i > 0 && number < hot_add->count; i--) {
        JsonObject *place = fields_element(places, i - 1);
        if (is_free(place))
            add_device(hot_add, hot_add->qmp, place, number++);
    }
    if (places && number < hot_add->count)
        complain(hot_add, "QEMU has room for %u more CPUs, %u are to be added", number,
                 hot_add->count);
}

void hot_add_put_in(struct hot_add *hot_add, struct qmp *qmp)
{
    if (hot_add->count == 0 || hot_add->inside || hot_add->round == OPTIONS_HOT_ADD_ROUNDS)
        return;
    hot_add->inside = true;
    hot_add->round++;
    hot_add->qmp = qmp;
    qmp_execute(qmp, "query-hotpluggable-cpus", NULL, on_places, hot_add);
}

static void on_asked_for(void *context, JsonNode *result, const char *problem)
{
    if (!result)
        complain(context, "QEMU did not ask for a CPU: %s", problem);
}

void hot_add_take_out(struct hot_add *hot_add, struct qmp *qmp)
{
    if (!hot_add->inside)
        return;
    hot_add->inside = false;
    for (unsigned number = 0; number < hot_add->count; number++) {
        char *id = device_id(hot_add->round, number);
        char *arguments = g_strdup_printf("{\"id\":\"%s\"}", id);
        qmp_execute(qmp, "device_del", arguments, on_asked_for, hot_add);
        g_free(arguments);
        g_free(id);
    }
}

static void on_places_after(void *context, JsonNode *result, const char *problem)
{
    struct hot_add *hot_add = context;
    JsonArray *places = places_of(result);
    unsigned left = count_taken(places) - hot_add->cpus;
    (void)problem;
    if (places && left <= hot_add->count)
        hot_add->removed += hot_add->count - left;
}

void hot_add_count_out(struct hot_add *hot_add, struct qmp *qmp)
{
    if (hot_add->inside || hot_add->counted == hot_add->round)
        return;
    hot_add->counted = hot_add->round;
    qmp_execute(qmp, "query-hotpluggable-cpus", NULL, on_places_after, hot_add);
}

/* ---- What is to be said of it ---- */

static bool holds(const GArray *ids, gint64 id)
{
    for (guint i = 0; i < ids->len; i++) {
        if (g_array_index(ids, gint64, i) == id)
            return true;
    }
    return false;
}

static bool proof_held(JsonArray *list, const char *name)
{
    for (guint i = 0; i < fields_length(list); i++) {
        JsonObject *proof = fields_element(list, i);
        if (g_strcmp0(fields_text(proof, "name"), name) == 0)
            return g_strcmp0(fields_text(proof, "state"), "held") == 0;
    }
    return false;
}

static void fail_newcomer(struct verdict *verdict, unsigned round, gint64 id, const char *text)
{
    verdict_fail(verdict, "hot-add, round %u: the CPU with APIC ID %" G_GINT64_FORMAT " %s", round,
                 id, text);
}

static void judge_newcomers(const GArray *ids, JsonArray *cpus, unsigned round,
                            struct verdict *verdict)
{
    GArray *seen = g_array_new(FALSE, TRUE, sizeof(gint64));
    for (guint i = 0; i < fields_length(cpus); i++) {
        JsonObject *cpu = fields_element(cpus, i);
        gint64 id = fields_number(cpu, "apic_id", -1);
        const char *failure = fields_text(cpu, "failure");
        if (!holds(ids, id))
            fail_newcomer(verdict, round, id, "is none that QEMU added");
        if (holds(seen, id))
            fail_newcomer(verdict, round, id, "came twice");
        if (failure) {
            char *text = g_strdup_printf("did not come on: %s", failure);
            fail_newcomer(verdict, round, id, text);
            g_free(text);
        }
        if (!fields_flag(cpu, "gone"))
            fail_newcomer(verdict, round, id, "did not go");
        g_array_append_val(seen, id);
    }
    g_array_unref(seen);
}

static void judge_round(const struct hot_add *hot_add, unsigned index, JsonObject *round,
                        struct verdict *verdict)
{
    JsonArray *cpus = fields_array(round, "cpus");
    const char *problem = fields_text(round, "problem");
    if (fields_length(cpus) != hot_add->count)
        verdict_fail(verdict, "hot-add, round %u: %u of %u CPUs came", index + 1,
                     fields_length(cpus), hot_add->count);
    judge_newcomers(hot_add->ids[index], cpus, index + 1, verdict);
    for (size_t i = 0; i < G_N_ELEMENTS(proofs); i++) {
        if (!proof_held(fields_array(round, "proofs"), proofs[i]))
            verdict_fail(verdict, "hot-add, round %u: proof %s is not held", index + 1, proofs[i]);
    }
    if (problem)
        verdict_fail(verdict, "hot-add, round %u: %s", index + 1, problem);
}

void hot_add_judge(const struct hot_add *hot_add, JsonArray *rounds, struct verdict *verdict)
{
    unsigned wanted = hot_add->count * OPTIONS_HOT_ADD_ROUNDS;
    if (hot_add->count == 0)
        return;
    if (fields_length(rounds) != OPTIONS_HOT_ADD_ROUNDS)
        verdict_fail(verdict, "hot-add: the kernel reports %u rounds of %d", fields_length(rounds),
                     OPTIONS_HOT_ADD_ROUNDS);
    for (unsigned i = 0; i < fields_length(rounds) && i < OPTIONS_HOT_ADD_ROUNDS; i++)
        judge_round(hot_add, i, fields_element(rounds, i), verdict);
    if (hot_add->added != wanted || hot_add->removed != wanted)
        verdict_fail(verdict, "hot-add: QEMU added %u CPUs and took %u out, of %u", hot_add->added,
                     hot_add->removed, wanted);
}

JsonObject *hot_add_report(const struct hot_add *hot_add, JsonArray *rounds)
{
    if (hot_add->count == 0)
        return NULL;
    JsonObject *object = json_object_new();
    json_object_set_int_member(object, "asked", hot_add->count);
    json_object_set_int_member(object, "added", hot_add->added);
    json_object_set_int_member(object, "removed", hot_add->removed);
    json_object_set_array_member(object, "rounds",
                                 rounds ? json_array_ref(rounds) : json_array_new());
    return object;
}
