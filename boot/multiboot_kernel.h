/**
 * What the loaders of Multiboot 1 and of Multiboot 2 share: load addresses in a header, modules on
 * page borders, the sizes of memory in KiB.
 */
#ifndef BOOT_MULTIBOOT_KERNEL_H
#define BOOT_MULTIBOOT_KERNEL_H

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

/** Who we are, to a kernel. */
#define MULTIBOOT_LOADER_NAME "Muster"

#endif
