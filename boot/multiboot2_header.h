/**
 * The Multiboot 2 header of a kernel (specification 2.0, 3.1), read and checked.
 */
#ifndef BOOT_MULTIBOOT2_HEADER_H
#define BOOT_MULTIBOOT2_HEADER_H

#include "boot/multiboot_kernel.h"

/** What it asks for. */
struct multiboot2_wishes {
    uint64_t offset; /* of the header in the file */
    bool has_addresses, has_entry;
    struct multiboot_addresses addresses;
    uint32_t entry_phys;
    bool align_modules;
    struct loadable_bounds bounds;
};

/** Find the header. False: there is none. */
bool multiboot2_header_find(const struct boot_module *kernel, uint64_t *offset);

/** Read it. NULL, or a sentence that names what is wrong with it, or what is not offered here. */
const char *multiboot2_header_read(const struct boot_module *kernel,
                                   struct multiboot2_wishes *wishes);

#endif
