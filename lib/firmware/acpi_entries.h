/**
 * What MADT and SRAT have in common: behind a fixed part, entries that begin with a type and a
 * length (ACPI 6.6, 5.2.12 and 5.2.16).
 */
#ifndef LIB_FIRMWARE_ACPI_ENTRIES_H
#define LIB_FIRMWARE_ACPI_ENTRIES_H

#include <muster/machine.h>

#include "lib/firmware/acpi.h"

/** The longest entry that anybody looks into: the SRAT's of a range of memory. */
#define ACPI_ENTRY_BYTES 40u

/** All types are below that need more than their head, or judge by themselves what they need. */
#define ACPI_ENTRY_TYPES 16u

/** An entry: of it there are the head's length of bytes, and nothing behind them may be read. */
union acpi_entry {
    struct acpi_madt_entry head;
    struct acpi_madt_local_apic local_apic;
    struct acpi_madt_lapic_address_override lapic_address;
    struct acpi_madt_local_x2apic x2apic;
    struct acpi_madt_io_apic io_apic;
    struct acpi_madt_interrupt_override interrupt_override;
    struct acpi_madt_nmi_source nmi_source;
    struct acpi_madt_lapic_nmi lapic_nmi;
    struct acpi_madt_x2apic_nmi x2apic_nmi;
    struct acpi_madt_wakeup wakeup;
    struct acpi_srat_local_apic srat_local_apic;
    struct acpi_srat_local_x2apic srat_x2apic;
    struct acpi_srat_memory srat_memory;
    uint8_t bytes[ACPI_ENTRY_BYTES];
} __attribute__((may_alias));

/** A kind of table. */
struct acpi_entries {
    uint32_t fixed_bytes;                  /* before the first entry, the header included */
    uint8_t least_bytes[ACPI_ENTRY_TYPES]; /* that an entry needs, where more than its head */
    enum muster_status too_short, overrun; /* how its refusals are called */
};

extern const struct acpi_entries madt_entries, srat_entries;

struct acpi_entries_reader {
    void *context;
    /** An entry, whole, a copy; table->entry and table->entry_at tell which. */
    enum muster_status (*take)(void *context, const union acpi_entry *entry);
    const struct muster_listener *listener; /* or NULL */
};

/**
 * Read the entries of an opened table, whose fixed part has been read. Ends at the first thing
 * refused, or with a listener behind the last entry that can be stepped over to. Gives the first
 * refusal, or MUSTER_OK.
 */
enum muster_status acpi_entries_walk(struct acpi_table *table, const struct acpi_entries *entries,
                                     const struct acpi_entries_reader *reader);

#endif
