/**
 * Where the shim gets what it boots from. Multiboot, 1 or 2, is the first source; a HOB with
 * fw_cfg, which firmware gets, fills in the same structure. Nothing behind this line knows which it
 * was.
 */
#ifndef SHIM_SOURCE_H
#define SHIM_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/memory.h>

#include "boot/payload.h"

#define BOOT_SOURCE_CMDLINE_BYTES 4096

struct boot_source {
    const struct muster_platform *platform; /* through which what a loader left is read */
    struct muster_memory_map *map;          /* modules owned by MUSTER_OWNER_BOOT */
    uint64_t rsdp_phys;                     /* the platform's own */
    struct boot_module kernel;
    struct boot_module initrd;
    struct boot_module further; /* a second module, behind the initrd */
    struct boot_module screen;  /* Multiboot 2's framebuffer tag, or nothing */
    bool at_home; /* shim and modules are where they are to stay: none of them is moved */
    char options[BOOT_SOURCE_CMDLINE_BYTES]; /* the shim's command line */
    char cmdline[BOOT_SOURCE_CMDLINE_BYTES]; /* the kernel's */
    char initrd_words[BOOT_SOURCE_CMDLINE_BYTES];
};

/**
 * As firmware: memory by the TD HOB, all of it accepted where that is needed; ACPI tables, kernel,
 * initrd and command lines by QEMU's fw_cfg. A kernel that -kernel would not hand on, as an ELF, is
 * the file opt/muster/kernel; opt/muster/initrd, /initrd-words, /further, /cmdline and /shim (the
 * shim's own words) go with it. Fills the map, which is empty. NULL, or a sentence that says what
 * is wrong.
 */
const char *boot_source_from_hob(struct boot_source *source, uint64_t hob_phys);

/**
 * Multiboot 1: first module the kernel (its command line follows its name), second the initrd
 * (and what follows its name), third one that a PVH kernel may want.
 * Fills the map, which is empty. NULL, or a sentence that says what is wrong.
 */
const char *boot_source_from_multiboot(struct boot_source *source, uint64_t info_phys,
                                       uint32_t magic);

/**
 * Multiboot 2: the same modules; no command line has a file's name before it. Gives the loader's
 * RSDP, if there is one, which stays where it is with the rest of the information.
 */
const char *boot_source_from_multiboot2(struct boot_source *source, uint64_t info_phys);

#endif
