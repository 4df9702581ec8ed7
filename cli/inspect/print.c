#include "cli/inspect/print.h"

#include <stdio.h>

#include "boot/plural.h"
#include "cli/base/table.h"
#include "cli/inspect/words.h"

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
           plural(machine->cpu_count, "CPU", "CPUs"));
    if (machine->cpu_count > PRINT_MOST_ROWS) {
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
                                   severity_name((enum severity)severity), plural(count, "", "s"));
    }
    if (text->len == 0)
        g_string_append(text, "clean");
    return g_string_free(text, FALSE);
}

void inspection_print(const struct inspection *inspection)
{
    print_tables(inspection);
    print_cpus(inspection);
    print_way(inspection);
    print_findings(inspection);
}
