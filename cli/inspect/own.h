/**
 * The tables of the machine that runs this, or of one whose /sys was copied.
 */
#ifndef CLI_INSPECT_OWN_H
#define CLI_INSPECT_OWN_H

#include <stdbool.h>

#include <glib.h>

#include "cli/inspect/inspection.h"

/**
 * What is below @root: sys/firmware/acpi/tables (MADT and SRAT), sys/firmware/fdt and
 * sys/firmware/memmap; each may be missing, but not MADT and tree both. False: CLI_ENVIRONMENT.
 */
bool own_read(GPtrArray *inputs, const char *root, GError **error);

/** The APIC ID of Linux's CPU 0, by @root's proc/cpuinfo; MUSTER_BSP_UNKNOWN if it does not say. */
guint32 own_bsp(const char *root);

#endif
