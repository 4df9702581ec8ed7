/*
 * From what firmware describes to a machine: find the one MADT and read it, or read a device tree,
 * or both; and keep all of it or nothing.
 */
#include <muster/machine.h>

#include "lib/firmware/acpi.h"
#include "lib/firmware/fdt_machine.h"
#include "lib/firmware/hearing.h"
#include "lib/firmware/madt.h"
#include "lib/machine.h"
#include "lib/trace.h"

/*
 * Two MADTs that differ exist in the field. Linux takes the first, and asks whoever reads its log
 * to try the other (acpi_apic_instance=). A library has nobody to ask, and the wrong one would
 * wake too few processors or ones that are not there: so it is for the caller to choose, by
 * muster_discover_madt(). The same table listed twice is no question.
 */
static enum muster_status find_madt(struct acpi_root *root, uint64_t *madt_phys)
{
    struct acpi_root_entry entry;
    enum muster_status status;

    *madt_phys = 0;
    while (acpi_root_next(root, &entry)) {
        if (!acpi_signature_is(entry.signature, ACPI_SIGNATURE_MADT) || entry.phys == *madt_phys) {
            continue;
        }
        if (*madt_phys != 0) {
            acpi_table_refuse(&root->table, MUSTER_ERROR_MADT_DUPLICATE,
                              root->table.offset - root->entry_bytes, entry.phys, *madt_phys);
            break;
        }
        *madt_phys = entry.phys;
    }
    status = acpi_root_close(root);
    if (status == MUSTER_OK && *madt_phys == 0) {
        root->table.entry = 0;
        status = acpi_table_refuse(&root->table, MUSTER_ERROR_MADT_MISSING, 0, 0, 0);
    }
    return status;
}

static void begin(struct muster_machine *machine)
{
    machine_empty(machine);
    machine->finding = (struct muster_finding){0};
    machine->confidential = muster_cpu_is_td(machine->platform);
}

/* Half a reading is none: whatever came before the failure is forgotten. */
static enum muster_status finish(struct muster_machine *machine, enum muster_status status)
{
    if (status != MUSTER_OK) {
        hearing_tell(machine->listener, &machine->finding);
        machine_empty(machine);
    } else if (machine->bsp != MUSTER_BSP_UNKNOWN) { /* this machine, not a picture of another */
        trace_boot(machine, MUSTER_TRACE_DISCOVERED, machine->cpu_count,
                   machine->cpus[machine->bsp].apic_id);
    }
    return status;
}

static enum muster_status read_acpi(struct muster_machine *machine, uint64_t rsdp_phys,
                                    uint32_t bsp_apic_id)
{
    struct acpi_root root;
    uint64_t madt_phys;
    enum muster_status status =
        acpi_root_open(&root, machine->platform, rsdp_phys, &machine->finding);

    if (status == MUSTER_OK) {
        status = find_madt(&root, &madt_phys);
    }
    if (status == MUSTER_OK) {
        status = madt_read(machine, madt_phys, &root, bsp_apic_id);
    }
    return status;
}

enum muster_status muster_discover(struct muster_machine *machine, uint64_t rsdp_phys,
                                   uint32_t bsp_apic_id)
{
    begin(machine);
    return finish(machine, read_acpi(machine, rsdp_phys, bsp_apic_id));
}

enum muster_status muster_discover_madt(struct muster_machine *machine, uint64_t madt_phys,
                                        uint32_t bsp_apic_id)
{
    begin(machine);
    return finish(machine, madt_read(machine, madt_phys, NULL, bsp_apic_id));
}

enum muster_status muster_discover_fdt(struct muster_machine *machine, uint64_t fdt_phys,
                                       uint32_t bsp_apic_id)
{
    begin(machine);
    return finish(machine, fdt_machine_read(machine, fdt_phys, bsp_apic_id));
}

enum muster_status muster_discover_both(struct muster_machine *machine, uint64_t rsdp_phys,
                                        uint64_t fdt_phys, uint32_t bsp_apic_id)
{
    enum muster_status status;

    begin(machine);
    status = read_acpi(machine, rsdp_phys, bsp_apic_id);
    if (status == MUSTER_OK) {
        status = fdt_machine_compare(machine, fdt_phys);
    }
    return finish(machine, status);
}
