#include "cli/inspect/print.h"

#include <stdio.h>
#include <string.h>

#include "cli/base/table.h"
#include "cli/inspect/words.h"

/* More rows than these are put together, those alike that stand side by side. */
#define MOST_ROWS 32u

/* ---- What was read ---- */

static void print_inputs(const struct inspection *inspection)
{
    struct table *table = table_new("read|form|>bytes|file");
    for (guint i = 0; i < inspection->inputs->len; i++) {
        const struct input *input = g_ptr_array_index(inspection->inputs, i);
        char *what = input_words(input);
        table_cell(table, "%s", what);
        table_cell(table, "%s", input->form);
        if (input->bytes)
            table_cell(table, "%" G_GSIZE_FORMAT, g_bytes_get_size(input->bytes));
        else
            table_cell(table, "-");
        table_cell(table, "%s", input->name);
        g_free(what);
    }
    table_print(table, stdout);
    table_free(table);
    if (inspection->rsdp_phys && inspection->root_made)
        printf("An RSDP and an XSDT that lead there were made for the library to start from.\n");
}

/* ---- Entries ---- */

struct row {
    const struct entry *first, *last;
    char *type, *words; /* of each of them */
    GArray *ids;
};

static void add_range(struct table *table, guint64 first, guint64 last, const char *format)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, format, first);
    if (last != first) {
        g_string_append_c(text, '-');
        g_string_append_printf(text, format, last);
    }
    table_cell(table, "%s", text->str);
    g_string_free(text, TRUE);
}

static void end_row(struct table *table, struct row *row)
{
    if (row->first) {
        char *ids = numbers_text(row->ids);
        add_range(table, row->first->number, row->last->number, "%" G_GUINT64_FORMAT);
        add_range(table, row->first->offset, row->last->offset, "0x%" G_GINT64_MODIFIER "x");
        table_cell(table, "%u", row->first->raw.head.length);
        table_cell(table, "%s", row->type);
        table_cell(table, "%s%s%s%s", ids[0] ? "APIC ID " : "", ids, ids[0] ? ": " : "",
                   row->words);
        g_free(ids);
    }
    g_free(row->type);
    g_free(row->words);
    if (row->ids)
        g_array_unref(row->ids);
    *row = (struct row){0};
}

/* What one entry says beside its own number; the UID is left out where many go together. */
static char *words_of(const struct entry *entry, bool grouped)
{
    char *words = entry_words(entry);
    guint32 id, flags;
    const char *comma = strchr(words, ',');
    if (!grouped || !entry_is_cpu(entry, &id, &flags) || !comma)
        return words;
    char *kept = g_strdup(comma + 2);
    g_free(words);
    return kept;
}

static void add_entry(struct table *table, struct row *row, const struct entry *entry, bool grouped)
{
    guint32 id, other;
    bool has_id = entry_is_cpu(entry, &id, &other) || entry_is_affinity(entry, &id, &other);
    char *words = words_of(entry, grouped);
    bool joins = grouped && has_id && row->first && row->first->input == entry->input &&
                 row->first->raw.head.type == entry->raw.head.type &&
                 row->first->raw.head.length == entry->raw.head.length &&
                 g_str_equal(row->words, words);
    if (!joins) {
        end_row(table, row);
        *row = (struct row){
            .first = entry,
            .type = entry_type_words(entry),
            .words = g_strdup(words),
            .ids = g_array_new(FALSE, FALSE, sizeof(guint32)),
        };
    }
    row->last = entry;
    if (has_id)
        g_array_append_val(row->ids, id);
    g_free(words);
}

static void print_table_of(const struct inspection *inspection, const struct input *input)
{
    struct table *table = table_new(">entry|>offset|>bytes|type|says");
    struct row row = {0};
    guint count = 0;
    for (guint i = 0; i < inspection->entries->len; i++)
        count += g_array_index(inspection->entries, struct entry, i).input == input;
    for (guint i = 0; i < inspection->entries->len; i++) {
        const struct entry *entry = &g_array_index(inspection->entries, struct entry, i);
        if (entry->input == input)
            add_entry(table, &row, entry, count > MOST_ROWS);
    }
    end_row(table, &row);
    if (count > 0) {
        printf("\n%s (%s), %u %s:\n\n", input->name, input->signature, count,
               count == 1 ? "entry" : "entries");
        table_print(table, stdout);
    }
    table_free(table);
}

/* ---- The tree ---- */

static void add_node(struct table *table, const struct node *node)
{
    table_cell(table, "%u", node->number);
    table_cell(table, "0x%x", node->offset);
    table_cell(table, "%s", node_kind_words(node->kind));
    if (node->kind != NODE_CPU)
        table_cell(table, "0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER "x bytes%s",
                   node->start, node->bytes, node->available ? "" : ", not okay");
    else if (node->numa_node == MUSTER_NUMA_NODE_UNKNOWN)
        table_cell(table, "APIC ID %" G_GUINT64_FORMAT "%s", node->start,
                   node->available ? "" : ", not okay");
    else
        table_cell(table, "APIC ID %" G_GUINT64_FORMAT ", node %u%s", node->start, node->numa_node,
                   node->available ? "" : ", not okay");
}

static void print_tree(const struct inspection *inspection)
{
    guint count = inspection->nodes->len;
    if (count == 0)
        return;
    printf("\n%s, %u %s that matter%s:\n\n", inspection->fdt->name, count,
           count == 1 ? "node" : "nodes", count == 1 ? "s" : "");
    struct table *table = table_new(">node|>offset|kind|says");
    for (guint i = 0; i < count && i < MOST_ROWS; i++)
        add_node(table, &g_array_index(inspection->nodes, struct node, i));
    table_print(table, stdout);
    table_free(table);
    if (count > MOST_ROWS)
        printf("... and %u more: --json has all\n", count - MOST_ROWS);
}

/* ---- The CPUs ---- */

static void add_cpu(struct table *table, const struct muster_cpu *cpu)
{
    table_cell(table, "%u", cpu->apic_id);
    table_cell(table, "%u", cpu->acpi_uid);
    if (cpu->numa_node == MUSTER_NUMA_NODE_UNKNOWN)
        table_cell(table, "-");
    else
        table_cell(table, "%u", cpu->numa_node);
    table_cell(table, "%s%s", cpu_state_words(cpu), cpu->bsp ? ", BSP" : "");
    table_cell(table, "%s", muster_source_name(cpu->sources));
}

static char *ids_of(const struct muster_machine *machine, bool enabled)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint32 i = 0; i < machine->cpu_count; i++) {
        if (machine->cpus[i].enabled == enabled)
            g_array_append_val(ids, machine->cpus[i].apic_id);
    }
    char *text = numbers_text(ids);
    g_array_unref(ids);
    return text;
}

static void print_cpus(const struct inspection *inspection)
{
    const struct muster_machine *machine = &inspection->machine;
    if (machine->cpu_count == 0)
        return;
    printf("\n%u %s, as the library sees them:\n\n", machine->cpu_count,
           machine->cpu_count == 1 ? "CPU" : "CPUs");
    if (machine->cpu_count > MOST_ROWS) {
        char *enabled = ids_of(machine, true), *coming = ids_of(machine, false);
        struct table *table = table_new("state|APIC IDs");
        table_cell(table, "enabled");
        table_cell(table, "%s", enabled);
        table_cell(table, "may come");
        table_cell(table, "%s", coming[0] ? coming : "-");
        table_print(table, stdout);
        table_free(table);
        g_free(enabled);
        g_free(coming);
        return;
    }
    struct table *table = table_new(">APIC ID|>ACPI UID|>node|state|listed by");
    for (guint32 i = 0; i < machine->cpu_count; i++)
        add_cpu(table, &machine->cpus[i]);
    table_print(table, stdout);
    table_free(table);
}

/* ---- The way, and what is wrong ---- */

static void print_way(const struct inspection *inspection)
{
    const struct muster_plan *plan = &inspection->plan;
    printf("\n");
    if (inspection->discovery != MUSTER_OK && inspection->discovery != MUSTER_NOT_SUPPORTED)
        table_print_text("Discovery:", muster_error_text(inspection->discovery), stdout);
    if (inspection->planned == MUSTER_NOT_SUPPORTED)
        table_print_text("Way:", "none can be chosen: no CPU is known", stdout);
    else if (inspection->planned != MUSTER_OK)
        table_print_text("Way:", muster_error_text(inspection->planned), stdout);
    else {
        char *text = g_strdup_printf(
            "%s: %s%s%s", muster_way_name(plan->way), plan->reason,
            plan->x2apic ? "; in x2APIC mode" : "",
            plan->reset_vector ? "; CPUs can be handed back by the ResetVector" : "");
        table_print_text("Way:", text, stdout);
        g_free(text);
    }
}

/* What its parts are called. */
static const char *part_of(const struct input *input)
{
    return input->kind == INPUT_FDT ? "node" : input->kind == INPUT_MAP ? "range" : "entry";
}

static void print_place(const struct finding *finding)
{
    const struct input *input = finding->input;
    GString *text = g_string_new(input ? input->name : "all that was given");
    if (input && input->signature[0])
        g_string_append_printf(text, " (%s)", input->signature);
    if (input && finding->entry != NO_PLACE)
        g_string_append_printf(text, ", %s %u", part_of(input), finding->entry);
    if (finding->offset != NO_PLACE)
        g_string_append_printf(text, ", offset 0x%x", finding->offset);
    if (finding->has_values)
        g_string_append_printf(text, ": found 0x%" G_GINT64_MODIFIER "x", finding->found);
    if (finding->has_values && finding->wanted && finding->wanted != finding->found)
        g_string_append_printf(text, ", wanted 0x%" G_GINT64_MODIFIER "x", finding->wanted);
    table_print_text("    where:", text->str, stdout);
    g_string_free(text, TRUE);
}

static void print_finding(const struct finding *finding)
{
    const struct rule *rule = rule_of(finding->rule);
    printf("\n%s %s%s\n", severity_name(rule->severity), rule->name,
           finding->likely ? " (likely, not sure)" : "");
    table_print_text("    what: ", finding->what, stdout);
    print_place(finding);
    if (finding->advice)
        table_print_text("    do:   ", finding->advice, stdout);
    table_print_text("    rule: ", rule->source, stdout);
}

static void print_findings(const struct inspection *inspection)
{
    for (int severity = 0; severity < SEVERITY_COUNT; severity++) {
        for (guint i = 0; i < inspection->findings->len; i++) {
            const struct finding *finding = g_ptr_array_index(inspection->findings, i);
            if ((int)rule_of(finding->rule)->severity == severity)
                print_finding(finding);
        }
    }
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        if (inspection->per_rule[rule] > FINDINGS_OF_RULE_MAX)
            printf("\n%s: %u more are counted, not shown\n", rule_of((enum rule_id)rule)->name,
                   inspection->per_rule[rule] - FINDINGS_OF_RULE_MAX);
    }
}

char *inspection_sum(const struct inspection *inspection)
{
    GString *text = g_string_new(NULL);
    for (int severity = 0; severity < SEVERITY_COUNT; severity++) {
        guint count = inspection->per_severity[severity];
        if (count > 0)
            g_string_append_printf(text, "%s%u %s%s", text->len ? ", " : "", count,
                                   severity_name((enum severity)severity), count == 1 ? "" : "s");
    }
    if (text->len == 0)
        g_string_append(text, "clean");
    return g_string_free(text, FALSE);
}

void inspection_print(const struct inspection *inspection)
{
    print_inputs(inspection);
    for (guint i = 0; i < inspection->inputs->len; i++)
        print_table_of(inspection, g_ptr_array_index(inspection->inputs, i));
    print_tree(inspection);
    if (inspection->not_all_kept)
        printf("... of more than %u entries or nodes only those are kept\n", ENTRIES_SHOWN_MAX);
    print_cpus(inspection);
    print_way(inspection);
    print_findings(inspection);
}
