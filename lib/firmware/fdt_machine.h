/**
 * From a device tree to a machine.
 */
#ifndef LIB_FIRMWARE_FDT_MACHINE_H
#define LIB_FIRMWARE_FDT_MACHINE_H

#include <muster/machine.h>

/** Fill the machine, empty so far, as muster_discover_fdt() does; on failure it may hold a part. */
enum muster_status fdt_machine_read(struct muster_machine *machine, uint64_t fdt_phys,
                                    uint32_t bsp_apic_id);

/** Hold the tree against the machine, filled by ACPI, as muster_discover_both() does. */
enum muster_status fdt_machine_compare(struct muster_machine *machine, uint64_t fdt_phys);

#endif
