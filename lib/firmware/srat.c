/* The SRAT (ACPI 6.6, 5.2.16): in which NUMA node each processor is. */
#include <muster/machine.h>

#include "lib/firmware/acpi_entries.h"
#include "lib/firmware/hearing.h"

/* Where a CPU is listed twice the first counts; the BSP's own wake does not hang on it. */
static void take_node(struct muster_machine *machine, uint32_t apic_id, uint32_t node)
{
    int32_t index = muster_machine_find(machine, apic_id);
    if (index < 0 || machine->cpus[index].numa_node != MUSTER_NUMA_NODE_UNKNOWN)
        return;
    machine->cpus[index].numa_node = node;
}

static enum muster_status take_affinity(void *machine, const union acpi_entry *entry)
{
    const struct acpi_srat_local_apic *small = &entry->srat_local_apic;
    const struct acpi_srat_local_x2apic *large = &entry->srat_x2apic;
    if (entry->head.type == ACPI_SRAT_LOCAL_APIC && small->flags & ACPI_SRAT_ENABLED)
        take_node(machine, small->apic_id,
                  small->domain_low | (uint32_t)small->domain_high[0] << 8 |
                      (uint32_t)small->domain_high[1] << 16 |
                      (uint32_t)small->domain_high[2] << 24);
    if (entry->head.type == ACPI_SRAT_LOCAL_X2APIC && large->flags & ACPI_SRAT_ENABLED)
        take_node(machine, large->apic_id, large->domain);
    return MUSTER_OK;
}

const struct acpi_entries srat_entries = {
    .fixed_bytes = sizeof(struct acpi_srat),
    .least_bytes = {[ACPI_SRAT_LOCAL_APIC] = sizeof(struct acpi_srat_local_apic),
                    [ACPI_SRAT_LOCAL_X2APIC] = sizeof(struct acpi_srat_local_x2apic)},
    .too_short = MUSTER_ERROR_SRAT_ENTRY_LENGTH,
    .overrun = MUSTER_ERROR_SRAT_ENTRY_OVERRUN,
};

static enum muster_status read_srat(struct muster_machine *machine, struct acpi_table *table)
{
    const struct acpi_entries_reader reader = {machine, take_affinity, machine->listener};
    const uint32_t fixed_bytes = sizeof(struct acpi_srat) - sizeof(struct acpi_header);
    if (!acpi_table_skip(table, fixed_bytes))
        return acpi_table_refuse(table, MUSTER_ERROR_TABLE_LENGTH,
                                 offsetof(struct acpi_header, length), table->header.length,
                                 sizeof(struct acpi_srat));
    return acpi_entries_walk(table, &srat_entries, &reader);
}

static void forget_nodes(struct muster_machine *machine)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        machine->cpus[i].numa_node = MUSTER_NUMA_NODE_UNKNOWN;
}

/* The first that is listed; 0: there is none. */
static enum muster_status find_srat(struct muster_machine *machine, uint64_t rsdp_phys,
                                    uint64_t *srat_phys)
{
    struct acpi_root root;
    struct acpi_root_entry entry;
    *srat_phys = 0;
    enum muster_status status =
        acpi_root_open(&root, machine->platform, rsdp_phys, &machine->finding);
    if (status)
        return status;
    while (acpi_root_next(&root, &entry))
        if (!*srat_phys && acpi_signature_is(entry.signature, ACPI_SIGNATURE_SRAT))
            *srat_phys = entry.phys;
    return acpi_root_close(&root);
}

static enum muster_status read_nodes(struct muster_machine *machine, uint64_t rsdp_phys)
{
    struct acpi_table table;
    uint64_t srat_phys;
    enum muster_status status = find_srat(machine, rsdp_phys, &srat_phys);
    if (status || srat_phys) /* else a device tree may have told */
        forget_nodes(machine);
    if (status || !srat_phys)
        return status;
    status = acpi_table_open(&table, machine->platform, srat_phys, ACPI_SIGNATURE_SRAT,
                             &machine->finding);
    if (status)
        return status;
    read_srat(machine, &table);
    /* What came out counts only when the sum is right: half a reading is none. */
    status = acpi_table_close(&table);
    if (status)
        forget_nodes(machine);
    return status;
}

enum muster_status muster_discover_nodes(struct muster_machine *machine, uint64_t rsdp_phys)
{
    machine->finding = (struct muster_finding){0};
    enum muster_status status = read_nodes(machine, rsdp_phys);
    hearing_tell(machine->listener, &machine->finding);
    return status;
}
