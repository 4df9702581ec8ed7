#include "cli/machine/guest.h"

#include <string.h>

#include "cli/base/fields.h"

/* Events kept only to be passed on; a guest that sends more is not believed to mean them. */
#define MOST_OTHERS 1000
#define MOST_TRACES 512 /* CPUs that the kernel holds */

/* How the monitor's lines begin (boot/json.c). */
#define MONITOR_PREFIX "{\"from\":\"monitor\","

void guest_init(struct guest *guest, bool foreign_kernel, bool monitored)
{
    *guest = (struct guest){.foreign_kernel = foreign_kernel,
                            .monitored = monitored,
                            .trace = json_array_new(),
                            .others = json_array_new()};
    monitor_init(&guest->monitor);
}

static void keep_first(JsonObject **place, JsonObject *event)
{
    if (!*place)
        *place = json_object_ref(event);
}

static void keep_error(struct guest *guest, const char *from, JsonObject *event)
{
    const char *text = fields_text(event, "text");
    const char *kind = fields_text(event, "kind");
    if (guest->error)
        return;
    guest->error = g_strdup_printf("the %s says: %s", from, text ? text : "(no text)");
    guest->error_status = CLI_FAILED;
    if (g_strcmp0(kind, "environment") == 0)
        guest->error_status = CLI_ENVIRONMENT;
    if (g_strcmp0(kind, "usage") == 0)
        guest->error_status = CLI_USAGE;
}

static void keep_trace(struct guest *guest, JsonObject *event)
{
    if (json_array_get_length(guest->trace) == MOST_TRACES)
        return;
    json_object_remove_member(event, "from");
    json_object_remove_member(event, "event");
    json_array_add_object_element(guest->trace, json_object_ref(event));
}

static enum guest_event classify(const char *from, const char *event)
{
    static const struct {
        const char *from, *event;
        enum guest_event meaning;
    } known[] = {
        {"shim", "ready", GUEST_READY},
        {"shim", "handover", GUEST_HANDOVER},
        {"shim", "error", GUEST_ERROR},
        {"kernel", "error", GUEST_ERROR},
        {"kernel", "report", GUEST_REPORT},
        {"kernel", "inject-mce", GUEST_INJECT_MCE},
        {"kernel", "inject-mce-parked", GUEST_INJECT_MCE_PARKED},
        {"kernel", "end", GUEST_END},
        {"kernel", "trace", GUEST_TRACE},
        {"kernel", "handover", GUEST_NEXT},
        {"kernel", "waiting", GUEST_WAITING},
        {"kernel", "waited", GUEST_WAITED},
        {"kernel", "parked", GUEST_PARKED},
        {"kernel", "unparked", GUEST_UNPARKED},
        {"kernel", "hot-add", GUEST_HOT_ADD},
        {"kernel", "hot-remove", GUEST_HOT_REMOVE},
        {"kernel", "hot-removed", GUEST_HOT_REMOVED},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (strcmp(known[i].from, from) == 0 && strcmp(known[i].event, event) == 0)
            return known[i].meaning;
    }
    return GUEST_OTHER;
}

static void hand_over(struct guest *guest, JsonObject *event)
{
    const char *protocol = fields_text(event, "protocol");
    guest->handed_over = true;
    if (guest->shim && protocol)
        json_object_set_string_member(guest->shim, "protocol", protocol);
}

static enum guest_event take(struct guest *guest, JsonObject *object)
{
    const char *from = fields_text(object, "from");
    const char *name = fields_text(object, "event");
    if (guest->monitored && name && g_strcmp0(from, "monitor") == 0)
        return monitor_take(&guest->monitor, object) == MONITOR_WHERE ? GUEST_WHERE : GUEST_MONITOR;
    if (!from || !name || (guest->foreign_kernel && strcmp(from, "shim") != 0))
        return GUEST_NOISE;
    enum guest_event event = classify(from, name);
    if ((event == GUEST_INJECT_MCE && guest->inject_mce) ||
        (event == GUEST_INJECT_MCE_PARKED && guest->inject_mce_parked))
        return GUEST_NOISE;
    if (event == GUEST_INJECT_MCE)
        keep_first(&guest->inject_mce, object);
    if (event == GUEST_INJECT_MCE_PARKED)
        keep_first(&guest->inject_mce_parked, object);
    if (event == GUEST_READY)
        keep_first(&guest->shim, object);
    if (event == GUEST_REPORT)
        keep_first(&guest->report, object);
    if (event == GUEST_NEXT)
        keep_first(&guest->next, object);
    if (event == GUEST_TRACE)
        keep_trace(guest, object);
    if (event == GUEST_HANDOVER)
        hand_over(guest, object);
    if (event == GUEST_ERROR)
        keep_error(guest, from, object);
    if (event == GUEST_OTHER && json_array_get_length(guest->others) < MOST_OTHERS)
        json_array_add_object_element(guest->others, json_object_ref(object));
    return event;
}

enum guest_event guest_line(struct guest *guest, const char *line)
{
    bool own = !(guest->foreign_kernel && guest->handed_over) && !guest->next;
    bool heard = own || (guest->monitored && g_str_has_prefix(line, MONITOR_PREFIX));
    JsonObject *object = heard ? fields_parse(line) : NULL;
    enum guest_event event = GUEST_NOISE;
    if (object) {
        fields_clean(object);
        event = take(guest, object);
        json_object_unref(object);
    }
    if (event == GUEST_NOISE && line[0])
        guest->noise_lines++;
    return event;
}

void guest_clear(struct guest *guest)
{
    g_clear_pointer(&guest->shim, json_object_unref);
    g_clear_pointer(&guest->report, json_object_unref);
    g_clear_pointer(&guest->next, json_object_unref);
    g_clear_pointer(&guest->inject_mce, json_object_unref);
    g_clear_pointer(&guest->inject_mce_parked, json_object_unref);
    g_clear_pointer(&guest->trace, json_array_unref);
    g_clear_pointer(&guest->others, json_array_unref);
    g_clear_pointer(&guest->error, g_free);
    monitor_clear(&guest->monitor);
}
