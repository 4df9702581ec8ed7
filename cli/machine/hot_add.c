#include "cli/machine/hot_add.h"

#include <string.h>

#include "boot/plural.h"
#include "cli/base/fields.h"

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
        complain(hot_add, "QEMU has room for %u more %s, not for %u", number,
                 plural(number, "CPU", "CPUs"), hot_add->count);
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
