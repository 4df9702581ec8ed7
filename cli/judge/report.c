#include "cli/judge/report.h"

#include "cli/judge/conformance.h"
#include "cli/base/fields.h"
#include "cli/base/members.h"

static void set_number(JsonObject *object, const char *name, gint64 number)
{
    if (number >= 0)
        json_object_set_int_member(object, name, number);
    else
        json_object_set_null_member(object, name);
}

static void set_array(JsonObject *object, const char *name, JsonArray *array)
{
    json_object_set_array_member(object, name, array ? json_array_ref(array) : json_array_new());
}

/* @member becomes @object's own. */
static void take_object(JsonObject *object, const char *name, JsonObject *member)
{
    if (member)
        json_object_set_object_member(object, name, member);
    else
        json_object_set_null_member(object, name);
}

/* The guest's own words for it, unchanged; null if it gave none. */
static void set_from_guest(JsonObject *object, const char *name, JsonObject *source)
{
    JsonNode *node = source ? json_object_get_member(source, name) : NULL;
    if (node)
        json_object_set_member(object, name, json_node_copy(node));
    else
        json_object_set_null_member(object, name);
}

static JsonArray *failures_of(const struct verdict *verdict)
{
    JsonArray *array = json_array_new();
    for (guint i = 0; i < verdict->failures->len; i++)
        members_add_text(array, g_ptr_array_index(verdict->failures, i));
    return array;
}

static JsonObject *handover_of(const struct handover *handover)
{
    JsonObject *object = json_object_new();
    set_number(object, "init", handover->init);
    set_number(object, "sipi", handover->sipi);
    set_number(object, "init_before", handover->init_before);
    set_number(object, "sipi_before", handover->sipi_before);
    set_number(object, "cpus_up", handover->cpus_up);
    set_number(object, "guest_said", handover->guest_said);
    members_set_text(object, "why_not", handover->why_not);
    return object;
}

/* The arguments name links that are gone by now; this is where they led. */
static JsonArray *files_of(const struct qemu_image *image)
{
    JsonArray *files = json_array_new();
    const char *const first[] = {image->program, image->monitor, image->td_firmware};
    for (size_t i = 0; i < G_N_ELEMENTS(first); i++) {
        if (first[i])
            members_add_text(files, first[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(image->modules) && image->modules[i]; i++)
        members_add_text(files, image->modules[i]);
    return files;
}

static JsonObject *qemu_of(const struct session *session)
{
    JsonObject *object = json_object_new();
    JsonArray *arguments = json_array_new();
    for (char **argument = session->command + 1; *argument; argument++)
        members_add_text(arguments, *argument);
    members_set_text(object, "path", session->qemu->path);
    members_set_text(object, "version", session->qemu->version);
    members_set_text(object, "accel", session->machine.accel);
    members_set_text(object, "kvm_probe", session->machine.kvm_probe);
    members_set_text(object, "cpu", session->machine.cpu);
    members_set_text(object, "machine", session->machine.machine);
    members_set_text(object, "firmware", session->machine.firmware);
    members_set_text(object, "firmware_file", session->machine.firmware_file);
    json_object_set_array_member(object, "arguments", arguments);
    json_object_set_array_member(object, "files", files_of(session->image));
    return object;
}

/* What the guest said and no other field of the report has taken up. */
static JsonObject *rest_of(const struct guest *guest)
{
    static const char *const taken[] = {"from",   "event",       "way",       "reason", "cpus",
                                        "order",  "proofs",      "discovery", "memory", "timing",
                                        "result", "park_method", "hot_add",   "clock",  NULL};
    JsonObject *object = json_object_new();
    JsonObject *fields = json_object_new();
    GList *names = guest->report ? json_object_get_members(guest->report) : NULL;
    for (GList *name = names; name; name = name->next) {
        if (!g_strv_contains(taken, name->data))
            set_from_guest(fields, name->data, guest->report);
    }
    g_list_free(names);
    set_from_guest(object, "result", guest->report);
    json_object_set_int_member(object, "noise_lines", (gint64)guest->noise_lines);
    set_array(object, "events", guest->others);
    json_object_set_object_member(object, "fields", fields);
    return object;
}

/* The kernel that ours handed over to; what was seen of it is in "handover". */
static void set_then(JsonObject *object, const char *kernel, const struct session *session)
{
    if (!kernel) {
        json_object_set_null_member(object, "then");
        return;
    }
    JsonObject *then = json_object_new();
    members_set_text(then, "kernel", kernel);
    set_from_guest(then, "handed_back", session->guest.next);
    set_from_guest(then, "ns", session->guest.next);
    set_number(then, "guest_said", session->console.guest_said);
    json_object_set_object_member(object, "then", then);
}

JsonObject *report_build(const struct report *report, const struct session *session,
                         const struct verdict *verdict)
{
    const struct guest *guest = &session->guest;
    JsonObject *object = json_object_new();
    members_set_text(object, "schema", REPORT_SCHEMA);
    members_set_text(object, "verb", report->verb);
    members_set_text(object, "result", verdict->status == CLI_OK ? "ok" : "failed");
    members_set_text(object, "end", verdict->ended_badly ? "bad" : "good");
    json_object_set_array_member(object, "failures", failures_of(verdict));
    json_object_set_int_member(object, "cpus_asked", session->options->cpus);
    members_set_text(object, "way", report->way);
    members_set_text(object, "reason", report->reason);
    set_array(object, "cpus", report->cpus);
    set_from_guest(object, "order", guest->report);
    set_array(object, "proofs", report->proofs);
    set_from_guest(object, "discovery", guest->report);
    set_from_guest(object, "memory", guest->report);
    set_from_guest(object, "timing", guest->report);
    set_from_guest(object, "clock", guest->report);
    set_array(object, "trace", guest->trace);
    take_object(object, "handover",
                verdict->handover.by_shim ? handover_of(&verdict->handover) : NULL);
    set_then(object, report->then, session);
    json_object_set_object_member(
        object, "park", parked_report(&session->parked, fields_text(guest->report, "park_method")));
    json_object_set_object_member(object, "wait", parked_report(&session->waiting, NULL));
    take_object(object, "hot_add",
                hot_add_report(&session->hot_add, fields_array(guest->report, "hot_add")));
    take_object(object, "shim", guest->shim ? json_object_ref(guest->shim) : NULL);
    take_object(object, "monitor", guest->monitored ? monitor_report(&guest->monitor) : NULL);
    take_object(object, "conformance", conformance_of(&guest->monitor));
    json_object_set_object_member(object, "guest", rest_of(guest));
    json_object_set_object_member(object, "qemu", qemu_of(session));
    members_set_text(object, "keep", session->keep.folder);
    json_object_set_double_member(object, "wall_s", session->wall_s);
    return object;
}

bool report_write(const char *path, const struct report *report, const struct session *session,
                  const struct verdict *verdict, GError **error)
{
    JsonObject *object = report_build(report, session, verdict);
    bool good = members_write_report(path, object, error);
    json_object_unref(object);
    return good;
}
