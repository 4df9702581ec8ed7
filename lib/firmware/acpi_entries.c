/* One careful walk over the entries of a MADT or SRAT. */
#include "lib/firmware/acpi_entries.h"

#include "lib/firmware/hearing.h"
#include "lib/firmware/once.h"
#include "lib/memory_functions.h"

#define HEAD_BYTES ((uint32_t)sizeof(struct acpi_madt_entry))

/*
 * The table is read in pieces, wherever its entries begin, since one reading costs as much as an
 * entry. What was read and not stepped over yet is held in a window. It has room for a piece behind
 * any entry that is not held whole: a length is 255 at most.
 */
#define PIECE_BYTES  COPY_ONCE_MAX
#define WINDOW_BYTES (UINT8_MAX + PIECE_BYTES)

/* Read on, once. Gives how much is held then: the whole entry, if the table has all of it. */
static uint32_t fetch_piece(struct acpi_table *table, uint8_t *window, const uint8_t *entry,
                            uint32_t held)
{
    uint32_t left = acpi_table_left(table);
    uint32_t more = left < PIECE_BYTES ? left : PIECE_BYTES;

    memmove(window, entry, held);
    (void)acpi_table_read(table, window + held, more); /* no more than is left */
    return held + more;
}

static const struct acpi_madt_entry *head_of(const uint8_t *entry)
{
    return &((const union acpi_entry *)entry)->head;
}

static bool is_whole(const uint8_t *entry, uint32_t held)
{
    return held >= HEAD_BYTES && head_of(entry)->length <= held;
}

/* What is not held now is not in the table. */
static enum muster_status judge_entry(struct acpi_table *table, const struct acpi_entries *entries,
                                      const uint8_t *entry, uint32_t held)
{
    uint32_t length = HEAD_BYTES, least = HEAD_BYTES;

    if (held >= HEAD_BYTES) {
        uint8_t type = head_of(entry)->type;
        length = head_of(entry)->length;
        if (type < ACPI_ENTRY_TYPES && entries->least_bytes[type] > least)
            least = entries->least_bytes[type];
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
    return is_whole(entry, held) && head_of(entry)->length >= HEAD_BYTES;
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
        uint8_t length = head_of(entry)->length;
        table->entry_at += length;
        entry += length;
        held -= length;
    }
    return hearing_end(&hearing, table->finding);
}
