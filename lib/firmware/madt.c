/* The MADT (ACPI 6.6, 5.2.12): its entries, one after another, and what is said of the whole. */
#include "lib/firmware/madt.h"

#include "abi/acpi.h"
#include "abi/x86.h"
#include "lib/machine.h"

enum muster_status madt_refuse(struct madt *madt, enum muster_status status, size_t field,
                               uint64_t found, uint64_t wanted)
{
    return acpi_table_refuse(&madt->table, status, madt->table.entry_at + (uint32_t)field, found,
                             wanted);
}

/* ---- The local APIC's address ---- */

static enum muster_status take_lapic_address(struct madt *madt, size_t field, uint64_t phys)
{
    struct acpi_range page = {phys, PAGE_BYTES};

    if (!acpi_range_is_possible(page) || phys % PAGE_BYTES != 0) {
        return madt_refuse(madt, MUSTER_ERROR_MADT_LAPIC_ADDRESS, field, phys, APIC_DEFAULT_PHYS);
    }
    madt->machine->lapic_phys = phys;
    return MUSTER_OK;
}

static enum muster_status take_lapic_override(struct madt *madt,
                                              const struct acpi_madt_lapic_address_override *entry)
{
    const size_t field = offsetof(struct acpi_madt_lapic_address_override, address);

    if (madt->lapic_overridden && entry->address != madt->machine->lapic_phys) {
        return madt_refuse(madt, MUSTER_ERROR_MADT_LAPIC_ADDRESS, field, entry->address,
                           madt->machine->lapic_phys);
    }
    madt->lapic_overridden = true;
    return take_lapic_address(madt, field, entry->address);
}

/* ---- Entries ---- */

/* The wakeup entry judges its own length. */
const struct acpi_entries madt_entries = {
    .fixed_bytes = sizeof(struct acpi_madt),
    .least_bytes = {[ACPI_MADT_LOCAL_APIC] = sizeof(struct acpi_madt_local_apic),
                    [ACPI_MADT_LAPIC_ADDRESS_OVERRIDE] =
                        sizeof(struct acpi_madt_lapic_address_override),
                    [ACPI_MADT_LOCAL_X2APIC] = sizeof(struct acpi_madt_local_x2apic)},
    .too_short = MUSTER_ERROR_MADT_ENTRY_LENGTH,
    .overrun = MUSTER_ERROR_MADT_ENTRY_OVERRUN,
};

static enum muster_status take_entry(void *context, const union acpi_entry *entry)
{
    struct madt *madt = context;

    switch (entry->head.type) {
    case ACPI_MADT_LOCAL_APIC:
        return madt_take_local_apic(madt, &entry->local_apic);
    case ACPI_MADT_LAPIC_ADDRESS_OVERRIDE:
        return take_lapic_override(madt, &entry->lapic_address);
    case ACPI_MADT_LOCAL_X2APIC:
        return madt_take_x2apic(madt, &entry->x2apic);
    case ACPI_MADT_WAKEUP:
        return madt_take_wakeup(madt, &entry->wakeup);
    default:
        return MUSTER_OK;
    }
}

/* ---- The whole table ---- */

static bool overlaps_root(const struct madt *madt, struct acpi_range range)
{
    const struct acpi_root *root = madt->root;

    return root != NULL && (acpi_ranges_overlap(range, root->rsdp) ||
                            acpi_ranges_overlap(range, acpi_table_range(&root->table)));
}

bool madt_is_overlapped(const struct madt *madt, struct acpi_range range)
{
    return acpi_ranges_overlap(range, acpi_table_range(&madt->table)) || overlaps_root(madt, range);
}

/* The header's address counts only where no entry overrides it, so it is judged last. */
static enum muster_status read_body(struct madt *madt)
{
    const size_t field = offsetof(struct acpi_madt, local_apic_address);
    const uint32_t fixed_bytes = sizeof(struct acpi_madt) - sizeof(struct acpi_header);
    const struct acpi_entries_reader reader = {madt, take_entry, madt->machine->listener};
    struct acpi_madt fixed = {.header = madt->table.header};
    enum muster_status status;

    if (!acpi_table_read(&madt->table, (uint8_t *)&fixed + sizeof(fixed.header), fixed_bytes)) {
        return madt_refuse(madt, MUSTER_ERROR_TABLE_LENGTH, offsetof(struct acpi_header, length),
                           madt->table.header.length, sizeof(struct acpi_madt));
    }
    madt->machine->madt_revision = madt->table.header.revision;
    madt->machine->sources |= MUSTER_SOURCE_ACPI;
    status = acpi_entries_walk(&madt->table, &madt_entries, &reader);
    if (status == MUSTER_OK) {
        madt_take_aside(madt);
    }
    if (status == MUSTER_OK && !madt->lapic_overridden) {
        madt->table.entry_at = 0;
        madt->table.entry = 0;
        status = take_lapic_address(madt, field, fixed.local_apic_address);
    }
    return status;
}

/* The BSP is who it says it is: neither the first entry nor APIC ID 0 (asterinas #2091). */
static enum muster_status find_bsp(struct madt *madt, uint32_t bsp_apic_id)
{
    struct muster_machine *machine = madt->machine;
    int32_t bsp = muster_machine_find(machine, bsp_apic_id);

    madt->table.entry_at = 0;
    madt->table.entry = 0;
    if (!machine_has_enabled_cpu(machine)) {
        return madt_refuse(madt, MUSTER_ERROR_MADT_NO_CPU, 0, 0, 1);
    }
    if (bsp_apic_id == MUSTER_BSP_UNKNOWN) {
        return MUSTER_OK;
    }
    if (bsp < 0 || !machine->cpus[bsp].enabled) {
        return madt_refuse(madt, MUSTER_ERROR_MADT_NO_BSP, 0, 0, bsp_apic_id);
    }
    machine_set_bsp(machine, (uint32_t)bsp);
    return MUSTER_OK;
}

enum muster_status madt_read(struct muster_machine *machine, uint64_t madt_phys,
                             const struct acpi_root *root, uint32_t bsp_apic_id)
{
    struct madt madt = {.machine = machine, .root = root};
    enum muster_status status = acpi_table_open(&madt.table, machine->platform, madt_phys,
                                                ACPI_SIGNATURE_MADT, &machine->finding);

    if (status != MUSTER_OK) {
        return status;
    }
    if (overlaps_root(&madt, acpi_table_range(&madt.table))) {
        return madt_refuse(&madt, MUSTER_ERROR_TABLE_OVERLAP, 0, madt_phys, 0);
    }
    read_body(&madt);
    status = acpi_table_close(&madt.table);
    return status == MUSTER_OK ? find_bsp(&madt, bsp_apic_id) : status;
}
