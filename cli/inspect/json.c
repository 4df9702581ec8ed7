#include "cli/inspect/json.h"

#include <stdio.h>
#include <string.h>

#include "cli/base/members.h"
#include "cli/cli.h"
#include "cli/inspect/json_entry.h"
#include "cli/inspect/words.h"

/* Addresses and values of 64 bits are text: JSON's numbers do not hold them. */
static void set_hex(JsonObject *object, const char *name, guint64 value)
{
    char text[24];
    g_snprintf(text, sizeof(text), "0x%" G_GINT64_MODIFIER "x", value);
    json_object_set_string_member(object, name, text);
}

/* A text of the caller's, which is freed; NULL is null. */
static void set_taken(JsonObject *object, const char *name, char *text)
{
    members_set_text(object, name, text);
    g_free(text);
}

static void set_number(JsonObject *object, const char *name, guint32 number, guint32 none)
{
    if (number == none)
        json_object_set_null_member(object, name);
    else
        json_object_set_int_member(object, name, number);
}

/* ---- Inputs and entries ---- */

static JsonArray *inputs_of(const struct inspection *inspection)
{
    JsonArray *array = json_array_new();
    for (guint i = 0; i < inspection->inputs->len; i++) {
        const struct input *input = g_ptr_array_index(inspection->inputs, i);
        JsonObject *object = json_object_new();
        members_set_text(object, "file", input->name);
        set_taken(object, "what", input_words(input));
        members_set_text(object, "form", input->form);
        set_number(object, "bytes", input->bytes ? (guint32)g_bytes_get_size(input->bytes) : 0, 0);
        if (input->stated_phys)
            set_hex(object, "address", input->stated_phys);
        else
            json_object_set_null_member(object, "address");
        json_array_add_object_element(array, object);
    }
    return array;
}

static char *bytes_text(const union acpi_entry *raw)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < MIN(raw->head.length, sizeof(raw->bytes)); i++)
        g_string_append_printf(text, "%02x", raw->bytes[i]);
    return g_string_free(text, FALSE);
}

static JsonObject *entry_of(const struct entry *entry)
{
    JsonObject *object = json_object_new();
    guint32 id, other;
    members_set_text(object, "file", entry->input->name);
    members_set_text(object, "table", entry->input->signature);
    json_object_set_int_member(object, "entry", entry->number);
    json_object_set_int_member(object, "offset", entry->offset);
    json_object_set_int_member(object, "type", entry->raw.head.type);
    json_object_set_int_member(object, "length", entry->raw.head.length);
    set_taken(object, "name", entry_type_words(entry));
    if (entry_is_cpu(entry, &id, &other) || entry_is_affinity(entry, &id, &other))
        json_object_set_int_member(object, "apic_id", id);
    else
        json_object_set_null_member(object, "apic_id");
    set_taken(object, "says", entry_words(entry));
    json_object_set_object_member(object, "fields", entry_fields(entry));
    set_taken(object, "bytes", bytes_text(&entry->raw));
    return object;
}

static JsonArray *entries_of(const struct inspection *inspection)
{
    JsonArray *array = json_array_new();
    for (guint i = 0; i < inspection->entries->len; i++)
        json_array_add_object_element(
            array, entry_of(&g_array_index(inspection->entries, struct entry, i)));
    return array;
}

static JsonArray *nodes_of(const struct inspection *inspection)
{
    JsonArray *array = json_array_new();
    for (guint i = 0; i < inspection->nodes->len; i++) {
        const struct node *node = &g_array_index(inspection->nodes, struct node, i);
        JsonObject *object = json_object_new();
        json_object_set_int_member(object, "node", node->number);
        json_object_set_int_member(object, "offset", node->offset);
        members_set_text(object, "kind", node_kind_words(node->kind));
        json_object_set_boolean_member(object, "available", node->available);
        set_number(object, "numa_node", node->numa_node, MUSTER_NUMA_NODE_UNKNOWN);
        set_hex(object, node->kind == NODE_CPU ? "apic_id" : "address", node->start);
        set_hex(object, "bytes", node->bytes);
        json_array_add_object_element(array, object);
    }
    return array;
}

/* ---- What the library says ---- */

static JsonArray *cpus_of(const struct muster_machine *machine)
{
    JsonArray *array = json_array_new();
    for (guint32 i = 0; i < machine->cpu_count; i++) {
        const struct muster_cpu *cpu = &machine->cpus[i];
        JsonObject *object = json_object_new();
        json_object_set_int_member(object, "apic_id", cpu->apic_id);
        json_object_set_int_member(object, "acpi_uid", cpu->acpi_uid);
        set_number(object, "numa_node", cpu->numa_node, MUSTER_NUMA_NODE_UNKNOWN);
        json_object_set_boolean_member(object, "bsp", cpu->bsp);
        json_object_set_boolean_member(object, "enabled", cpu->enabled);
        json_object_set_boolean_member(object, "online_capable", cpu->online_capable);
        members_set_text(object, "sources", muster_source_name(cpu->sources));
        json_array_add_object_element(array, object);
    }
    return array;
}

static JsonObject *discovery_of(const struct inspection *inspection)
{
    const struct muster_machine *machine = &inspection->machine;
    JsonObject *object = json_object_new();
    bool nothing = inspection->discovery == MUSTER_NOT_SUPPORTED;
    members_set_text(object, "status", nothing ? NULL : muster_error_name(inspection->discovery));
    members_set_text(object, "text", nothing ? NULL : muster_error_text(inspection->discovery));
    members_set_text(object, "source", muster_source_name(machine->sources));
    json_object_set_boolean_member(object, "root_made", inspection->root_made);
    json_object_set_boolean_member(object, "td", machine->confidential);
    json_object_set_int_member(object, "madt_revision", machine->madt_revision);
    set_hex(object, "lapic_phys", machine->lapic_phys);
    json_object_set_int_member(object, "duplicates", machine->duplicate_count);
    json_object_set_int_member(object, "invalid", machine->invalid_count);
    json_object_set_int_member(object, "disabled", machine->disabled_count);
    return object;
}

static void set_mailbox(JsonObject *object, const struct muster_mailbox_description *mailbox)
{
    if (!mailbox->present) {
        json_object_set_null_member(object, "mailbox");
        return;
    }
    JsonObject *said = json_object_new();
    members_set_text(said, "source", muster_source_name(mailbox->source));
    json_object_set_int_member(said, "version", mailbox->version);
    json_object_set_int_member(said, "length", mailbox->length);
    set_hex(said, "address", mailbox->mailbox_phys);
    set_hex(said, "reset_vector", mailbox->reset_vector_phys);
    json_object_set_object_member(object, "mailbox", said);
}

static JsonObject *plan_of(const struct inspection *inspection)
{
    const struct muster_plan *plan = &inspection->plan;
    JsonObject *object = json_object_new();
    bool good = inspection->planned == MUSTER_OK;
    bool nothing = inspection->planned == MUSTER_NOT_SUPPORTED;
    members_set_text(object, "status", nothing ? NULL : muster_error_name(inspection->planned));
    members_set_text(object, "way", good ? muster_way_name(plan->way) : NULL);
    members_set_text(object, "reason", good ? plan->reason : NULL);
    json_object_set_boolean_member(object, "x2apic", good && plan->x2apic);
    json_object_set_boolean_member(object, "reset_vector", good && plan->reset_vector);
    return object;
}

static JsonArray *memory_of(const struct inspection *inspection)
{
    JsonArray *array = json_array_new();
    for (guint32 i = 0; i < inspection->map.count; i++) {
        const struct muster_memory_range *range = &inspection->map.ranges[i];
        JsonObject *object = json_object_new();
        set_hex(object, "start", range->start_phys);
        set_hex(object, "end", range->end_phys);
        members_set_text(object, "type", memory_type_words(range->type));
        json_array_add_object_element(array, object);
    }
    return array;
}

/* ---- Findings ---- */

static JsonObject *finding_of(const struct finding *finding)
{
    const struct rule *rule = rule_of(finding->rule);
    JsonObject *object = json_object_new();
    members_set_text(object, "rule", rule->name);
    members_set_text(object, "severity", severity_name(rule->severity));
    members_set_text(object, "source", rule->source);
    json_object_set_boolean_member(object, "sure", !finding->likely);
    members_set_text(object, "what", finding->what);
    members_set_text(object, "do", finding->advice);
    members_set_text(object, "file", finding->input ? finding->input->name : NULL);
    members_set_text(object, "table",
                     finding->input && finding->input->signature[0] ? finding->input->signature
                                                                    : NULL);
    set_number(object, "entry", finding->entry, NO_PLACE);
    set_number(object, "offset", finding->offset, NO_PLACE);
    if (finding->has_values) {
        set_hex(object, "found", finding->found);
        set_hex(object, "wanted", finding->wanted);
    } else {
        json_object_set_null_member(object, "found");
        json_object_set_null_member(object, "wanted");
    }
    return object;
}

static JsonArray *findings_of(const struct inspection *inspection)
{
    JsonArray *array = json_array_new();
    for (int severity = 0; severity < SEVERITY_COUNT; severity++) {
        for (guint i = 0; i < inspection->findings->len; i++) {
            const struct finding *finding = g_ptr_array_index(inspection->findings, i);
            if ((int)rule_of(finding->rule)->severity == severity)
                json_array_add_object_element(array, finding_of(finding));
        }
    }
    return array;
}

/* ---- The whole ---- */

JsonObject *inspection_report(const struct inspection *inspection)
{
    JsonObject *object = json_object_new();
    bool failed = inspection->per_severity[SEVERITY_ERROR] > 0;
    members_set_text(object, "schema", "muster.inspect/1");
    members_set_text(object, "muster", CLI_VERSION);
    members_set_text(object, "result", failed ? "failed" : "ok");
    json_object_set_int_member(object, "errors", inspection->per_severity[SEVERITY_ERROR]);
    json_object_set_int_member(object, "warnings", inspection->per_severity[SEVERITY_WARNING]);
    json_object_set_int_member(object, "notes", inspection->per_severity[SEVERITY_NOTE]);
    json_object_set_array_member(object, "findings", findings_of(inspection));
    json_object_set_array_member(object, "inputs", inputs_of(inspection));
    json_object_set_object_member(object, "discovery", discovery_of(inspection));
    json_object_set_object_member(object, "plan", plan_of(inspection));
    set_mailbox(object, &inspection->machine.mailbox);
    json_object_set_array_member(object, "cpus", cpus_of(&inspection->machine));
    json_object_set_array_member(object, "memory", memory_of(inspection));
    json_object_set_boolean_member(object, "not_all_kept", inspection->not_all_kept);
    json_object_set_array_member(object, "entries", entries_of(inspection));
    json_object_set_array_member(object, "nodes", nodes_of(inspection));
    return object;
}
