/**
 * One reading of one MADT, shared by those who read its entries.
 */
#ifndef LIB_FIRMWARE_MADT_H
#define LIB_FIRMWARE_MADT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <muster/machine.h>

#include "lib/firmware/acpi.h"

struct madt {
    struct muster_machine *machine;
    struct acpi_table table;
    const struct acpi_root *root; /* NULL where the MADT was given alone */
    uint32_t offset;              /* of the entry in hand */
    bool lapic_overridden;
    uint32_t aside_count; /* disabled processors, at the far end of machine->cpus until the end */
};

/** Note what is wrong with @field (an offset) of the entry in hand. Gives the noted status. */
enum muster_status madt_refuse(struct madt *madt, enum muster_status status, size_t field,
                               uint64_t found, uint64_t wanted);

/** Whether a range lies over the MADT itself, or over the tables that led to it. */
bool madt_is_overlapped(const struct madt *madt, struct acpi_range range);

/** Put the processor of an entry, already a copy, into the machine, once however often it is
 * listed. */
enum muster_status madt_take_local_apic(struct madt *madt,
                                        const struct acpi_madt_local_apic *entry);
enum muster_status madt_take_x2apic(struct madt *madt, const struct acpi_madt_local_x2apic *entry);

/** Behind the last entry: disabled processors that may come later follow the others. */
void madt_take_aside(struct madt *madt);

/** Check a Multiprocessor Wakeup entry, already a copy, and put it into the machine. */
enum muster_status madt_take_wakeup(struct madt *madt, const struct acpi_madt_wakeup *entry);

/**
 * Fill the machine, empty so far, from the MADT at @madt_phys. On failure the machine's finding
 * is filled, and its list of processors may hold what came before.
 *
 * @param root  the closed table that listed it, or NULL
 */
enum muster_status madt_read(struct muster_machine *machine, uint64_t madt_phys,
                             const struct acpi_root *root, uint32_t bsp_apic_id);

#endif
