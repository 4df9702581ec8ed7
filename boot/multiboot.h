/**
 * What the loaders of Multiboot 1 and of Multiboot 2 share: load addresses in a header, the sizes
 * of memory in KiB, and texts, which begin with a file's name.
 */
#ifndef BOOT_MULTIBOOT_H
#define BOOT_MULTIBOOT_H

#include "boot/loadable.h"

/** Load addresses as a header has them (Multiboot 0.6.96, 3.1.3; 2.0, 3.1.5). */
struct multiboot_addresses {
    uint32_t header_phys;
    uint32_t load_phys;
    uint32_t load_end_phys; /* 0: the end of the file */
    uint32_t bss_end_phys;  /* 0: there is no BSS */
};

/**
 * Open the file by its header's addresses; where they are NULL it must be an ELF. NULL, or a
 * sentence that says what is wrong.
 */
const char *multiboot_open(const struct boot_module *file, uint64_t header_offset,
                           const struct multiboot_addresses *addresses, struct loadable *loadable);

/** What a Multiboot kernel cannot be told, whichever Multiboot it is. NULL, or a sentence. */
const char *multiboot_check(const struct boot_payload *payload);

/** Put the modules on page borders, where they are not. NULL, or a sentence. */
const char *multiboot_align_modules(const struct boot_payload *payload, struct boot_module *initrd,
                                    struct boot_module *further);

/** Usable KiB from 0 up (640 at most), and from 1 MiB up to the first hole. */
void multiboot_memory_kib(const struct muster_memory_map *map, uint32_t *lower, uint32_t *upper);

/** Names in the place of the files': readers of command lines skip the first word. */
#define MULTIBOOT_KERNEL_NAME  "kernel"
#define MULTIBOOT_INITRD_NAME  "initrd"
#define MULTIBOOT_FURTHER_NAME "module"
#define MULTIBOOT_LOADER_NAME  "Muster"

/** Bytes of "NAME WORDS" or "NAME", its zero included. @words may be NULL. */
uint64_t multiboot_text_bytes(const char *name, const char *words);
void multiboot_write_text(char *to, const char *name, const char *words);

#endif
