/**
 * What a PC's firmware sets up in QEMU's q35 before it asks for ACPI tables.
 */
#ifndef SHIM_CHIPSET_H
#define SHIM_CHIPSET_H

/** Turn on the ICH9's power-management ports, which the FADT will name. On the BSP, as firmware. */
void chipset_set_up(void);

#endif
