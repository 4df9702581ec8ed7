/* The library's discovery and plan, over the tables as they are laid out. */
#include <string.h>

#include "cli/inspect/inspection.h"
#include "lib/firmware/acpi.h"

/* No table lists more CPUs than its bytes hold of the shortest entry. */
static guint32 most_cpus(const struct inspection *inspection)
{
    gsize bytes = 0;
    for (guint i = 0; i < inspection->inputs->len; i++) {
        const struct input *input = g_ptr_array_index(inspection->inputs, i);
        if (input->bytes)
            bytes = MAX(bytes, g_bytes_get_size(input->bytes));
    }
    return (guint32)(bytes / 4) + 1;
}

static void make_machine(struct inspection *inspection, const struct muster_listener *listener)
{
    guint32 cpus = most_cpus(inspection);
    guint32 places = 2;
    while (places / 2 < cpus)
        places *= 2;
    muster_machine_init(&inspection->machine, &inspection->platform,
                        g_new0(struct muster_cpu, cpus), cpus,
                        g_new0(struct muster_index_entry, places), places);
    inspection->machine.listener = listener;
}

/* Each source by itself, so that all that is wrong with it is told, and then both together. */
static void discover_all(struct inspection *inspection)
{
    struct muster_machine *machine = &inspection->machine;
    guint64 rsdp = inspection->rsdp_phys;
    guint64 tree = inspection->fdt ? inspection->fdt->phys : 0;
    guint32 bsp = inspection->premises.bsp_apic_id;
    enum muster_status by_acpi = MUSTER_NOT_SUPPORTED, by_tree = MUSTER_NOT_SUPPORTED;
    if (inspection->madt)
        by_acpi = muster_discover(machine, rsdp, bsp);
    if (tree)
        by_tree = muster_discover_fdt(machine, tree, bsp);
    if (by_acpi == MUSTER_OK && by_tree == MUSTER_OK)
        inspection->discovery = muster_discover_both(machine, rsdp, tree, bsp);
    else
        inspection->discovery = inspection->madt && by_acpi != MUSTER_OK ? by_acpi
                                : tree                                   ? by_tree
                                                                         : by_acpi;
    /* What a kernel finds that reads the one source that can be read, ACPI first. */
    if (by_acpi == MUSTER_OK && machine->cpu_count == 0)
        muster_discover(machine, rsdp, bsp);
    if (inspection->srat)
        muster_discover_nodes(machine, rsdp);
}

/* Those that nothing looks into: their header and their sum. */
static void judge_others(struct inspection *inspection)
{
    for (guint i = 0; i < inspection->inputs->len; i++) {
        const struct input *input = g_ptr_array_index(inspection->inputs, i);
        struct muster_finding refusal;
        struct acpi_table table;
        if (input->kind != INPUT_TABLE)
            continue;
        if (acpi_table_open(&table, &inspection->platform, input->phys, input->signature,
                            &refusal) == MUSTER_OK)
            acpi_table_close(&table);
        if (refusal.status != MUSTER_OK)
            inspection_hear(inspection, &refusal);
    }
}

void inspection_discover(struct inspection *inspection)
{
    const struct muster_listener listener = {inspection, inspection_hear};
    make_machine(inspection, &listener);
    discover_all(inspection);
    judge_others(inspection);
    inspection->machine.listener = NULL;
    if (inspection->discovery == MUSTER_NOT_SUPPORTED)
        inspection_find(inspection, RULE_NO_CPU_SOURCE, NULL, NO_PLACE, NO_PLACE, "%s",
                        rule_of(RULE_NO_CPU_SOURCE)->what);
}

/* ---- The plan ---- */

static void find_beyond_xapic(struct inspection *inspection)
{
    const struct muster_machine *machine = &inspection->machine;
    GArray *beyond = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint32 i = 0; i < machine->cpu_count; i++) {
        if (machine->cpus[i].enabled && machine->cpus[i].apic_id >= ACPI_LOCAL_APIC_ID_NONE)
            g_array_append_val(beyond, machine->cpus[i].apic_id);
    }
    char *ids = numbers_text(beyond);
    inspection_find(inspection, RULE_APIC_ID_NEEDS_X2APIC, NULL, NO_PLACE, NO_PLACE,
                    "An xAPIC cannot address the usable CPUs with APIC ID %s.", ids);
    g_free(ids);
    g_array_unref(beyond);
}

/* A TD is in x2APIC mode from its start; else the plan is tried without it first. */
void inspection_plan(struct inspection *inspection)
{
    const struct muster_machine *machine = &inspection->machine;
    inspection->planned = MUSTER_NOT_SUPPORTED;
    if (machine->cpu_count == 0)
        return;
    inspection->x2apic = machine->confidential;
    inspection->planned = muster_plan_make(machine, MUSTER_WAY_AUTO, &inspection->plan);
    if (inspection->planned == MUSTER_ERROR_APIC_ID_BEYOND_XAPIC) {
        find_beyond_xapic(inspection);
        inspection->x2apic = true;
        inspection->planned = muster_plan_make(machine, MUSTER_WAY_AUTO, &inspection->plan);
    }
    if (inspection->planned == MUSTER_ERROR_NO_WAY)
        inspection_find(inspection, RULE_NO_WAY, NULL, NO_PLACE, NO_PLACE,
                        "%u CPUs are listed in a confidential VM, and nothing is described that "
                        "could wake them.",
                        machine->cpu_count);
}
