/**
 * Where the shim gets what it boots from. Multiboot is the first source; a TD's HOB with fw_cfg
 * fills in the same structure. Nothing behind this line knows which it was.
 */
#ifndef SHIM_SOURCE_H
#define SHIM_SOURCE_H

#include <stdint.h>

#include <muster/memory.h>

#include "boot/payload.h"

#define BOOT_SOURCE_CMDLINE_BYTES 4096

struct boot_source {
    struct muster_memory_map *map; /* modules owned by MUSTER_OWNER_BOOT */
    uint64_t rsdp_phys;            /* the platform's own */
    struct boot_module kernel;
    struct boot_module initrd;
    char options[BOOT_SOURCE_CMDLINE_BYTES]; /* the shim's command line */
    char cmdline[BOOT_SOURCE_CMDLINE_BYTES]; /* the kernel's */
};

/**
 * Multiboot 1: first module the kernel (its command line follows its name), second the initrd.
 * Fills the map, which is empty. NULL, or a sentence that says what is wrong.
 */
const char *boot_source_from_multiboot(struct boot_source *source, uint64_t info_phys,
                                       uint32_t magic);

#endif
