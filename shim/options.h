/**
 * The shim's command line.
 */
#ifndef SHIM_OPTIONS_H
#define SHIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/memory.h>

#include "boot/payload.h"
#include "shim/fault.h"

/** What describes the processors and the mailbox to the OS. */
enum shim_tables {
    SHIM_TABLES_ACPI = 1 << 0,
    SHIM_TABLES_FDT = 1 << 1,
    SHIM_TABLES_BOTH = SHIM_TABLES_ACPI | SHIM_TABLES_FDT,
};

struct shim_options {
    uint16_t mailbox_version;            /* mailbox-version=0|1 (default 1) */
    uint8_t wakeup_entry_bytes;          /* mailbox-length=16|24 (default by the version) */
    enum muster_memory_type tables_type; /* firmware-memory=reserved|nvs|usable: how the memory of
                                            the APs' page tables is declared (default nvs) */
    uint64_t tables_phys;                /* page-tables=ADDR; 0: where there is room */
    enum shim_tables tables;             /* tables=acpi|fdt|both (default both) */
    unsigned levels;                     /* levels=4|5: of the APs' page tables (default 4) */
    bool tables_each;                    /* ap-tables=shared|each: one set of page tables for all
                                            APs, or one for each (default shared) */
    uint8_t vtl;                         /* vtl=0|2: where VPs are started by hypercall, in which
                                            VTL (default 2, OpenHCL's) */
    enum boot_protocol protocol;         /* protocol=auto|linux|pvh|multiboot2|multiboot1: by which
                                            the payload is booted (default auto) */
    struct shim_fault fault;             /* fault=NAME[:APIC-ID]: what is wrong, for tests */
};

/** NULL, or a sentence that says which word is wrong. */
const char *shim_options_read(const char *cmdline, struct shim_options *options);

#endif
