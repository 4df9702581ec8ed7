/* One careful walk over the entries of a MADT or SRAT. */
#include "lib/firmware/acpi_entries.h"

#include "lib/firmware/hearing.h"

#define HEAD_BYTES ((uint32_t)sizeof(struct acpi_madt_entry))

/* Copy the next entry out of the table. Each one moves on by at least its head: no endless loop. */
static enum muster_status read_entry(struct acpi_table *table, const struct acpi_entries *entries,
                                     union acpi_entry *entry)
{
    *entry = (union acpi_entry){.bytes = {0}};
    table->entry_at = table->offset;
    if (!acpi_table_read(table, &entry->head, HEAD_BYTES))
        return acpi_table_refuse(table, entries->overrun, table->entry_at, HEAD_BYTES,
                                 acpi_table_left(table));
    uint32_t length = entry->head.length;
    uint32_t least = entries->least_bytes(entry->head.type);
    if (length < least)
        return acpi_table_refuse(table, entries->too_short, table->entry_at, length, least);
    if (length - HEAD_BYTES > acpi_table_left(table))
        return acpi_table_refuse(table, entries->overrun, table->entry_at, length,
                                 HEAD_BYTES + acpi_table_left(table));
    uint32_t known = length < sizeof(*entry) ? length : sizeof(*entry);
    acpi_table_read(table, &entry->bytes[HEAD_BYTES], known - HEAD_BYTES);
    acpi_table_skip(table, length - known);
    return MUSTER_OK;
}

/* Go to the end that the entry in hand says it has, if it says anything that can be. */
static bool step_over(struct acpi_table *table, const union acpi_entry *entry)
{
    uint32_t read = table->offset - table->entry_at;
    uint32_t length = entry->head.length;

    return read >= HEAD_BYTES && length >= read && acpi_table_skip(table, length - read);
}

enum muster_status acpi_entries_walk(struct acpi_table *table, const struct acpi_entries *entries,
                                     const struct acpi_entries_reader *reader)
{
    struct hearing hearing = {.listener = reader->listener};
    bool goes_on = true;

    for (table->entry = 0; goes_on && acpi_table_left(table) > 0; table->entry++) {
        union acpi_entry entry;
        enum muster_status status = read_entry(table, entries, &entry);

        if (status == MUSTER_OK)
            status = reader->take(reader->context, &entry);
        if (status != MUSTER_OK)
            goes_on = hearing_goes_on(&hearing, table->finding) && step_over(table, &entry);
    }
    return hearing_end(&hearing, table->finding);
}
