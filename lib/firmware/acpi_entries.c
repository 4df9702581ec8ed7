/* One careful walk over the entries of a MADT or SRAT. */
#include "lib/firmware/acpi_entries.h"

#include "lib/firmware/hearing.h"
#include "lib/memory_functions.h"

#define HEAD_BYTES ((uint32_t)sizeof(struct acpi_madt_entry))

/*
 * The table is read in pieces, wherever its entries begin, since one reading costs as much as an
 * entry. What was read and not stepped over yet is held in a window. It has room for a piece behind
 * any entry that is not held whole: a length is 255 at most.
 */
#define PIECE_BYTES  256u
#define WINDOW_BYTES (UINT8_MAX + PIECE_BYTES)

/* Read on, once. Gives how much is held then: the whole entry, if the table has all of it. */
static uint32_t fetch_piece(struct acpi_table *table, uint8_t *window, const uint8_t *entry,
                            uint32_t held)
{
    uint32_t left = acpi_table_left(table);
    uint32_t more = left < PIECE_BYTES ? left : PIECE_BYTES;

    memmove(window, entry, held);
    acpi_table_read(table, window + held, more);
    return held + more;
}

static bool is_whole(const uint8_t *entry, uint32_t held)
{
    return held >= HEAD_BYTES && entry[1] <= held;
}

/* What is not held now is not in the table. */
static enum muster_status judge_entry(struct acpi_table *table, const struct acpi_entries *entries,
                                      const uint8_t *entry, uint32_t held)
{
    uint32_t length = HEAD_BYTES, least = HEAD_BYTES;

    if (held >= HEAD_BYTES) {
        length = entry[1];
        if (entry[0] < ACPI_ENTRY_TYPES && entries->least_bytes[entry[0]] > least)
            least = entries->least_bytes[entry[0]];
    }
    if (length < least)
        return acpi_table_refuse(table, entries->too_short, table->entry_at, length, least);
    if (length > held)
        return acpi_table_refuse(table, entries->overrun, table->entry_at, length, held);
    return MUSTER_OK;
}

/* Whether what was refused says of its end what can be: by a head at least, or there is no end. */
static bool can_step(const uint8_t *entry, uint32_t held)
{
    return is_whole(entry, held) && entry[1] >= HEAD_BYTES;
}

enum muster_status acpi_entries_walk(struct acpi_table *table, const struct acpi_entries *entries,
                                     const struct acpi_entries_reader *reader)
{
    struct hearing hearing = {.listener = reader->listener};
    uint8_t window[WINDOW_BYTES];
    const uint8_t *entry = window;
    uint32_t held = 0;

    table->entry_at = table->offset;
    for (table->entry = 0; table->entry_at < table->header.length; table->entry++) {
        if (!is_whole(entry, held)) {
            held = fetch_piece(table, window, entry, held);
            entry = window;
        }
        enum muster_status status = judge_entry(table, entries, entry, held);

        if (status == MUSTER_OK)
            status = reader->take(reader->context, (const union acpi_entry *)entry);
        if (status != MUSTER_OK &&
            !(hearing_goes_on(&hearing, table->finding) && can_step(entry, held)))
            break;
        uint8_t length = entry[1];
        table->entry_at += length;
        entry += length;
        held -= length;
    }
    return hearing_end(&hearing, table->finding);
}
