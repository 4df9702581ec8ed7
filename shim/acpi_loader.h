/**
 * The interpreter of QEMU's ACPI table loader: files are fetched into memory, pointers between
 * them set, and checksums made. It touches no hardware; the script comes from the host and is
 * hostile: nothing is read or written outside of what it allocated by itself.
 */
#ifndef SHIM_ACPI_LOADER_H
#define SHIM_ACPI_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/fw_cfg.h"

#define ACPI_LOADER_FILES          16u
#define ACPI_LOADER_FILE_BYTES_MAX (16u << 20)
#define ACPI_LOADER_RSDP           "etc/acpi/rsdp"

/** What the interpreter asks of its host. */
struct acpi_loader_host {
    void *context;
    /** The size of a fw_cfg file; false if there is none of that name. */
    bool (*size)(void *context, const char *name, uint32_t *bytes);
    /** Memory for a table, on a border of @align (a power of two): NULL if there is no room. */
    void *(*allocate)(void *context, uint32_t bytes, uint32_t align, uint64_t *phys);
    /** Read a whole file, or write part of one back. */
    bool (*read)(void *context, const char *name, void *to, uint32_t bytes);
    bool (*write)(void *context, const char *name, uint32_t offset, const void *from,
                  uint32_t bytes);
};

/** A file that the script has placed. */
struct acpi_loader_file {
    char name[FW_CFG_NAME_BYTES];
    uint8_t *memory;
    uint64_t phys;
    uint32_t bytes;
};

struct acpi_loader {
    const struct acpi_loader_host *host;
    struct acpi_loader_file files[ACPI_LOADER_FILES];
    uint32_t file_count;
    uint32_t entry; /* the command in hand: what a sentence is about */
};

/**
 * Run the @bytes of @script. NULL, and the address of the RSDP; or a sentence that says what is
 * wrong with command number loader->entry. Commands that are not known are skipped, as QEMU's
 * protocol wants it.
 */
const char *acpi_loader_run(struct acpi_loader *loader, const struct acpi_loader_host *host,
                            const void *script, uint32_t bytes, uint64_t *rsdp_phys);

#endif
