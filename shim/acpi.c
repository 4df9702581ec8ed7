/*
 * The platform's ACPI tables, handed on: all of them as they are, but for the MADT, which gets a
 * Multiprocessor Wakeup entry. A fresh XSDT and RSDP lead to them.
 */
#include "abi/acpi.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "lib/firmware/acpi.h"
#include "shim/shim.h"

#define MAX_TABLES 64u

/* Where the platform's tables are, the MADT apart from the rest. */
struct tables {
    struct acpi_header root_header;
    uint64_t others[MAX_TABLES];
    uint32_t count;
    uint64_t madt_phys;
    uint32_t madt_bytes;
};

static void set_checksum(struct acpi_header *header)
{
    header->checksum = 0;
    header->checksum = (uint8_t)-acpi_checksum(header, header->length);
}

static void collect(struct tables *tables)
{
    struct muster_finding finding;
    struct acpi_root root;
    struct acpi_root_entry entry;
    *tables = (struct tables){0};
    enum muster_status status =
        acpi_root_open(&root, &shim.platform, shim.source.rsdp_phys, &finding);
    if (!status) {
        tables->root_header = root.table.header;
        while (acpi_root_next(&root, &entry)) {
            if (acpi_signature_is(entry.signature, ACPI_SIGNATURE_MADT))
                tables->madt_phys = entry.phys;
            else if (tables->count < MAX_TABLES)
                tables->others[tables->count++] = entry.phys;
        }
        status = acpi_root_close(&root);
    }
    if (status)
        shim_fail_status("the platform's ACPI tables", status);
    tables->madt_bytes = ((const struct acpi_header *)tables->madt_phys)->length;
}

static void write_madt(struct acpi_madt *madt, const struct tables *tables)
{
    memcpy(madt, (const void *)tables->madt_phys, tables->madt_bytes);
    struct acpi_madt_wakeup *wakeup = (void *)((uint8_t *)madt + tables->madt_bytes);
    struct acpi_madt_wakeup entry = {
        .entry = {ACPI_MADT_WAKEUP, shim.options.wakeup_entry_bytes},
        .mailbox_version = shim.options.mailbox_version,
        .mailbox_address = (uint64_t)shim.mailbox,
        .reset_vector = shim.reset_vector_phys,
    };
    memcpy(wakeup, &entry, shim.options.wakeup_entry_bytes);
    madt->header.length = tables->madt_bytes + shim.options.wakeup_entry_bytes;
    set_checksum(&madt->header);
}

static void write_xsdt(struct acpi_header *xsdt, const struct tables *tables, uint64_t madt_phys)
{
    uint64_t *entries = (uint64_t *)(void *)(xsdt + 1);
    uint32_t count = 0;
    *xsdt = tables->root_header;
    memcpy(xsdt->signature, ACPI_SIGNATURE_XSDT, sizeof(xsdt->signature));
    xsdt->revision = 1;
    for (uint32_t i = 0; i < tables->count; i++)
        memcpy(&entries[count++], &tables->others[i], sizeof(uint64_t));
    memcpy(&entries[count++], &madt_phys, sizeof(uint64_t));
    xsdt->length = (uint32_t)(sizeof(*xsdt) + count * sizeof(uint64_t));
    set_checksum(xsdt);
}

static void write_rsdp(struct acpi_rsdp *rsdp, const struct acpi_header *xsdt)
{
    *rsdp = (struct acpi_rsdp){
        .revision = 2,
        .length = sizeof(*rsdp),
        .xsdt_address = (uint64_t)xsdt,
    };
    memcpy(rsdp->signature, ACPI_RSDP_SIGNATURE, sizeof(rsdp->signature));
    memcpy(rsdp->oem_id, xsdt->oem_id, sizeof(rsdp->oem_id));
    rsdp->checksum = (uint8_t)-acpi_checksum(rsdp, ACPI_RSDP_V0_BYTES);
    rsdp->extended_checksum = (uint8_t)-acpi_checksum(rsdp, sizeof(*rsdp));
}

/* One piece of ACPI memory: RSDP, XSDT, MADT. */
uint64_t shim_acpi_publish(void)
{
    struct tables tables;
    uint64_t rsdp_phys;
    collect(&tables);
    uint64_t xsdt_bytes = sizeof(struct acpi_header) + (tables.count + 1) * sizeof(uint64_t);
    uint64_t xsdt_at = (sizeof(struct acpi_rsdp) + 15) & ~15ull;
    uint64_t madt_at = (xsdt_at + xsdt_bytes + 15) & ~15ull;
    uint64_t bytes = madt_at + tables.madt_bytes + sizeof(struct acpi_madt_wakeup);
    bytes = (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    enum muster_status status = muster_memory_allocate(
        &shim.map, bytes, PAGE_BYTES, ONE_MIB, FOUR_GIB, SHIM_OWNER, &rsdp_phys);
    if (!status)
        status = muster_memory_add(&shim.map, rsdp_phys, bytes, MUSTER_MEMORY_ACPI);
    if (status)
        shim_fail_status("no room for ACPI tables", status);
    memset((void *)rsdp_phys, 0, bytes);
    struct acpi_header *xsdt = (void *)(rsdp_phys + xsdt_at);
    struct acpi_madt *madt = (void *)(rsdp_phys + madt_at);
    write_madt(madt, &tables);
    write_xsdt(xsdt, &tables, (uint64_t)madt);
    write_rsdp((void *)rsdp_phys, xsdt);
    return rsdp_phys;
}
