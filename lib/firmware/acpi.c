/* One careful pass over a table, and over the root table that lists all the others. */
#include "lib/firmware/acpi.h"

#include "abi/x86.h"
#include "lib/firmware/once.h"

#define LAST_PHYS ((uint64_t)PTE_ADDRESS | (PAGE_BYTES - 1))

uint8_t acpi_checksum(const void *bytes, size_t count)
{
    const uint8_t *byte = bytes;
    uint8_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum = (uint8_t)(sum + byte[i]);
    }
    return sum;
}

bool acpi_range_is_possible(struct acpi_range range)
{
    return range.phys != 0 && range.phys <= LAST_PHYS && range.bytes <= LAST_PHYS - range.phys + 1;
}

bool acpi_ranges_overlap(struct acpi_range a, struct acpi_range b)
{
    return a.phys < b.phys + b.bytes && b.phys < a.phys + a.bytes;
}

bool acpi_signature_is(const char found[4], const char *wanted)
{
    return found[0] == wanted[0] && found[1] == wanted[1] && found[2] == wanted[2] &&
           found[3] == wanted[3];
}

const volatile uint8_t *acpi_map(const struct muster_platform *platform, uint64_t phys,
                                 size_t bytes)
{
    if (!acpi_range_is_possible((struct acpi_range){phys, bytes})) {
        return NULL;
    }
    return platform->map(platform->context, phys, bytes);
}

/* ---- Any table ---- */

/* A C string from a table's signature: ours, so that a message never prints the firmware's. */
static void set_name(struct muster_finding *finding, const char *signature)
{
    for (size_t i = 0; i < 4; i++) {
        finding->table[i] = signature[i];
    }
}

enum muster_status acpi_table_refuse(struct acpi_table *table, enum muster_status status,
                                     uint32_t offset, uint64_t found, uint64_t wanted)
{
    if (table->finding->status != MUSTER_OK) {
        return table->finding->status;
    }
    *table->finding = (struct muster_finding){
        .status = status,
        .table_phys = table->phys,
        .entry = table->entry,
        .offset = offset,
        .found = found,
        .wanted = wanted,
    };
    set_name(table->finding, table->name);
    return status;
}

static uint32_t signature_value(const char *signature)
{
    return (uint32_t)(uint8_t)signature[0] | (uint32_t)(uint8_t)signature[1] << 8 |
           (uint32_t)(uint8_t)signature[2] << 16 | (uint32_t)(uint8_t)signature[3] << 24;
}

static enum muster_status check_header(struct acpi_table *table)
{
    const struct acpi_header *header = &table->header;

    if (!acpi_signature_is(header->signature, table->name)) {
        return acpi_table_refuse(table, MUSTER_ERROR_TABLE_SIGNATURE, 0,
                                 signature_value(header->signature), signature_value(table->name));
    }
    if (header->length < sizeof(*header) || header->length > ACPI_TABLE_BYTES_MAX) {
        return acpi_table_refuse(
            table, MUSTER_ERROR_TABLE_LENGTH, offsetof(struct acpi_header, length), header->length,
            header->length < sizeof(*header) ? sizeof(*header) : ACPI_TABLE_BYTES_MAX);
    }
    return MUSTER_OK;
}

enum muster_status acpi_table_open(struct acpi_table *table, const struct muster_platform *platform,
                                   uint64_t phys, const char *signature,
                                   struct muster_finding *finding)
{
    enum muster_status status;

    *finding = (struct muster_finding){0};
    *table = (struct acpi_table){
        .phys = phys,
        .name = signature,
        .bytes = acpi_map(platform, phys, sizeof(table->header)),
        .finding = finding,
    };
    if (table->bytes == NULL) {
        return acpi_table_refuse(table, MUSTER_ERROR_TABLE_ADDRESS, 0, phys, 0);
    }
    table->sum = copy_once(&table->header, table->bytes, sizeof(table->header));
    table->offset = sizeof(table->header);
    status = check_header(table);
    if (status != MUSTER_OK) {
        return status;
    }
    table->bytes = acpi_map(platform, phys, table->header.length);
    if (table->bytes == NULL) {
        return acpi_table_refuse(table, MUSTER_ERROR_TABLE_ADDRESS,
                                 offsetof(struct acpi_header, length), phys, 0);
    }
    return MUSTER_OK;
}

uint32_t acpi_table_left(const struct acpi_table *table)
{
    return table->header.length - table->offset;
}

bool acpi_table_read(struct acpi_table *table, void *to, uint32_t bytes)
{
    if (bytes > acpi_table_left(table)) {
        return false;
    }
    table->sum = (uint8_t)(table->sum + copy_once(to, table->bytes + table->offset, bytes));
    table->offset += bytes;
    return true;
}

bool acpi_table_skip(struct acpi_table *table, uint32_t bytes)
{
    if (bytes > acpi_table_left(table)) {
        return false;
    }
    table->sum = (uint8_t)(table->sum + sum_once(table->bytes + table->offset, bytes));
    table->offset += bytes;
    return true;
}

/* The header is the one thing read twice: before its length was known, and through the mapping. */
static void check_unchanged(struct acpi_table *table)
{
    const uint8_t *before = (const uint8_t *)&table->header;
    uint8_t now[sizeof(table->header)];

    copy_once(now, table->bytes, sizeof(now));
    for (uint32_t i = 0; i < sizeof(now); i++) {
        if (now[i] != before[i]) {
            *table->finding = (struct muster_finding){0};
            acpi_table_refuse(table, MUSTER_ERROR_TABLE_CHANGED, i, now[i], before[i]);
            return;
        }
    }
}

enum muster_status acpi_table_close(struct acpi_table *table)
{
    acpi_table_skip(table, acpi_table_left(table));
    if (table->sum != 0) {
        *table->finding = (struct muster_finding){0};
        table->entry = 0;
        acpi_table_refuse(table, MUSTER_ERROR_TABLE_CHECKSUM,
                          offsetof(struct acpi_header, checksum), table->header.checksum,
                          (uint8_t)(table->header.checksum - table->sum));
    }
    check_unchanged(table);
    return table->finding->status;
}

struct acpi_range acpi_table_range(const struct acpi_table *table)
{
    return (struct acpi_range){table->phys, table->header.length};
}

/* ---- RSDT and XSDT ---- */

static enum muster_status check_root(struct acpi_root *root)
{
    uint32_t length = root->table.header.length;
    uint32_t odd = (length - (uint32_t)sizeof(struct acpi_header)) % root->entry_bytes;

    if (acpi_ranges_overlap(root->rsdp, acpi_table_range(&root->table))) {
        return acpi_table_refuse(&root->table, MUSTER_ERROR_TABLE_OVERLAP, 0, root->table.phys,
                                 root->rsdp.phys);
    }
    if (odd != 0) {
        return acpi_table_refuse(&root->table, MUSTER_ERROR_TABLE_LENGTH,
                                 offsetof(struct acpi_header, length), length, length - odd);
    }
    return MUSTER_OK;
}

enum muster_status acpi_root_open(struct acpi_root *root, const struct muster_platform *platform,
                                  uint64_t rsdp_phys, struct muster_finding *finding)
{
    struct acpi_rsdp rsdp;
    enum muster_status status = acpi_rsdp_read(platform, rsdp_phys, &rsdp, finding);
    bool extended = rsdp.xsdt_address != 0;

    if (status != MUSTER_OK) {
        return status;
    }
    if (!extended && rsdp.rsdt_address == 0) {
        *finding = (struct muster_finding){
            .status = MUSTER_ERROR_RSDP_NO_TABLES,
            .table = "RSDP",
            .table_phys = rsdp_phys,
            .offset = offsetof(struct acpi_rsdp, rsdt_address),
        };
        return finding->status;
    }
    *root = (struct acpi_root){
        .platform = platform,
        .rsdp = {rsdp_phys, rsdp.length},
        .entry_bytes = extended ? sizeof(uint64_t) : sizeof(uint32_t),
    };
    status =
        acpi_table_open(&root->table, platform, extended ? rsdp.xsdt_address : rsdp.rsdt_address,
                        extended ? ACPI_SIGNATURE_XSDT : ACPI_SIGNATURE_RSDT, finding);
    return status == MUSTER_OK ? check_root(root) : status;
}

/* Look at the signature of the table that an entry names. */
static bool check_entry(struct acpi_root *root, uint32_t offset, struct acpi_root_entry *entry)
{
    struct acpi_range header = {entry->phys, sizeof(struct acpi_header)};
    const volatile uint8_t *bytes = acpi_map(root->platform, header.phys, header.bytes);

    if (bytes == NULL) {
        acpi_table_refuse(&root->table, MUSTER_ERROR_TABLE_ADDRESS, offset, entry->phys, 0);
        return false;
    }
    if (acpi_ranges_overlap(header, root->rsdp) ||
        acpi_ranges_overlap(header, acpi_table_range(&root->table))) {
        acpi_table_refuse(&root->table, MUSTER_ERROR_TABLE_OVERLAP, offset, entry->phys, 0);
        return false;
    }
    copy_once(entry->signature, bytes, sizeof(entry->signature));
    return true;
}

bool acpi_root_next(struct acpi_root *root, struct acpi_root_entry *entry)
{
    uint32_t offset;

    /* Real firmware leaves places empty instead of closing the gap: 0 names no table. */
    do {
        *entry = (struct acpi_root_entry){0};
        offset = root->table.offset;
        root->table.entry = root->next;
        if (!acpi_table_read(&root->table, &entry->phys, root->entry_bytes)) {
            return false;
        }
        root->next++;
    } while (entry->phys == 0);
    return check_entry(root, offset, entry);
}

enum muster_status acpi_root_close(struct acpi_root *root)
{
    return acpi_table_close(&root->table);
}
