/*
 * The platform's ACPI tables, handed on: all of them as they are, but for the MADT, which gets a
 * Multiprocessor Wakeup entry. A fresh XSDT and RSDP lead to them.
 */
#include "abi/acpi.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "lib/firmware/acpi.h"
#include "shim/fault.h"
#include "shim/shim.h"

#define MAX_TABLES 64u

/* Where the platform's tables are, the MADT apart from the rest, and where ours go. */
static struct {
    struct acpi_header root_header;
    uint64_t others[MAX_TABLES];
    uint32_t count;
    uint64_t madt_phys;
    uint32_t madt_bytes;
    struct acpi_rsdp *rsdp;
    struct acpi_header *xsdt;
    struct acpi_madt *madt;
} tables;

static void set_checksum(struct acpi_header *header)
{
    header->checksum = 0;
    header->checksum = (uint8_t)-acpi_checksum(header, header->length);
}

static void collect(void)
{
    struct muster_finding finding;
    struct acpi_root root;
    struct acpi_root_entry entry;
    enum muster_status status =
        acpi_root_open(&root, &shim.platform, shim.source.rsdp_phys, &finding);
    if (!status) {
        tables.root_header = root.table.header;
        while (acpi_root_next(&root, &entry)) {
            if (acpi_signature_is(entry.signature, ACPI_SIGNATURE_MADT))
                tables.madt_phys = entry.phys;
            else if (tables.count == MAX_TABLES)
                shim_fail(NULL, "the platform has more than 64 ACPI tables");
            else
                tables.others[tables.count++] = entry.phys;
        }
        status = acpi_root_close(&root);
    }
    if (status)
        shim_fail_status("the platform's ACPI tables", status);
    tables.madt_bytes = ((const struct acpi_header *)tables.madt_phys)->length;
}

/* One piece of ACPI memory: RSDP, XSDT, MADT. */
void shim_acpi_place(void)
{
    collect();
    uint64_t xsdt_bytes = sizeof(struct acpi_header) + (tables.count + 1) * sizeof(uint64_t);
    uint64_t xsdt_at = (sizeof(struct acpi_rsdp) + 15) & ~15ull;
    uint64_t madt_at = (xsdt_at + xsdt_bytes + 15) & ~15ull;
    uint64_t bytes = madt_at + tables.madt_bytes + sizeof(struct acpi_madt_wakeup);
    uint64_t phys = shim_take(bytes, PAGE_BYTES, MUSTER_MEMORY_ACPI, "no room for ACPI tables");
    tables.rsdp = (void *)phys;
    tables.xsdt = (void *)(phys + xsdt_at);
    tables.madt = (void *)(phys + madt_at);
}

/* An OS waits for ever for a CPU that is published and is not at the mailbox. */
static void withdraw_if_missing(uint32_t apic_id, uint32_t *flags)
{
    int32_t index = muster_machine_find(&shim.machine, apic_id);
    if (index < 0 || !shim_cpu_is_there((uint32_t)index))
        *flags &= ~(ACPI_MADT_ENABLED | ACPI_MADT_ONLINE_CAPABLE);
}

/* Copy one entry to the end of our MADT; a wakeup entry of the platform's own is left out. */
static void copy_entry(const struct acpi_madt_entry *entry)
{
    void *to = (uint8_t *)tables.madt + tables.madt->header.length;
    if (entry->type == ACPI_MADT_WAKEUP)
        return;
    memcpy(to, entry, entry->length);
    if (entry->type == ACPI_MADT_LOCAL_APIC) {
        struct acpi_madt_local_apic *apic = to;
        uint32_t flags = apic->flags, id = apic->apic_id;
        withdraw_if_missing(id, &flags);
        if (!shim_fault_lists(&id))
            return;
        apic->apic_id = (uint8_t)id;
        apic->flags = flags;
    } else if (entry->type == ACPI_MADT_LOCAL_X2APIC) {
        struct acpi_madt_local_x2apic *apic = to;
        uint32_t flags = apic->flags, id = apic->apic_id;
        withdraw_if_missing(id, &flags);
        if (!shim_fault_lists(&id))
            return;
        apic->apic_id = id;
        apic->flags = flags;
    }
    tables.madt->header.length += entry->length;
}

/* The lengths in it have been checked: it is the table that muster_discover() has read. */
static void write_madt(void)
{
    const uint8_t *from = (const uint8_t *)tables.madt_phys;
    memcpy(tables.madt, from, sizeof(struct acpi_madt));
    tables.madt->header.length = sizeof(struct acpi_madt);
    for (uint32_t at = sizeof(struct acpi_madt); at < tables.madt_bytes;) {
        const struct acpi_madt_entry *entry = (const void *)(from + at);
        copy_entry(entry);
        at += entry->length;
    }
    struct acpi_madt_wakeup wakeup = {
        .entry = {ACPI_MADT_WAKEUP, shim.options.wakeup_entry_bytes},
        .mailbox_version = shim.options.mailbox_version,
        .mailbox_address = shim_fault_mailbox((uint64_t)shim.mailbox),
        .reset_vector = shim.reset_vector_phys,
    };
    memcpy((uint8_t *)tables.madt + tables.madt->header.length, &wakeup, wakeup.entry.length);
    tables.madt->header.length += wakeup.entry.length;
    set_checksum(&tables.madt->header);
}

static void write_xsdt(void)
{
    struct acpi_header *xsdt = tables.xsdt;
    uint8_t *entries = (uint8_t *)(xsdt + 1);
    uint64_t madt_phys = (uint64_t)tables.madt;
    *xsdt = tables.root_header;
    memcpy(xsdt->signature, ACPI_SIGNATURE_XSDT, sizeof(xsdt->signature));
    xsdt->revision = 1;
    memcpy(entries, tables.others, tables.count * sizeof(uint64_t));
    memcpy(entries + tables.count * sizeof(uint64_t), &madt_phys, sizeof(madt_phys));
    xsdt->length = (uint32_t)(sizeof(*xsdt) + (tables.count + 1) * sizeof(uint64_t));
    set_checksum(xsdt);
}

static void write_rsdp(void)
{
    struct acpi_rsdp *rsdp = tables.rsdp;
    *rsdp = (struct acpi_rsdp){
        .revision = 2,
        .length = sizeof(*rsdp),
        .xsdt_address = (uint64_t)tables.xsdt,
    };
    memcpy(rsdp->signature, ACPI_RSDP_SIGNATURE, sizeof(rsdp->signature));
    memcpy(rsdp->oem_id, tables.xsdt->oem_id, sizeof(rsdp->oem_id));
    rsdp->checksum = (uint8_t)-acpi_checksum(rsdp, ACPI_RSDP_V0_BYTES);
    rsdp->extended_checksum = (uint8_t)-acpi_checksum(rsdp, sizeof(*rsdp));
}

uint64_t shim_acpi_publish(void)
{
    write_madt();
    write_xsdt();
    write_rsdp();
    shim_fault_publish((uint8_t *)tables.madt);
    return (uint64_t)tables.rsdp;
}
