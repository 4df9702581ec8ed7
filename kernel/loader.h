/**
 * What the loader left, by whichever protocol it started us: PVH or Multiboot 2. It is all
 * hostile: what cannot be right is a fatal error.
 */
#ifndef KERNEL_LOADER_H
#define KERNEL_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/screen_mode.h"

#define LOADER_MODULES 64u

struct loader_module {
    uint64_t phys;
    uint64_t bytes;      /* 0: there is none, and others follow */
    const char *cmdline; /* never NULL */
};

struct loader {
    const char *protocol;
    const char *cmdline; /* never NULL */
    uint64_t rsdp_phys;  /* 0: it gave none */
    struct screen_mode screen;
    struct loader_module modules[LOADER_MODULES];
    uint32_t module_count;
    void (*describe_memory)(void);
};

/** Read what boot_main() got. Before there is any memory map. */
const struct loader *loader_read(uint64_t info_phys, uint32_t magic);

/** Fill kernel.map with what it says, and keep what it left from being handed out. */
void loader_describe_memory(const struct loader *loader);

/** Where the device tree lies among its modules; 0: there is none. */
uint64_t loader_device_tree(const struct loader *loader);

/** The @number'th module, from 0, that holds something and is no device tree; NULL: none. */
const struct loader_module *loader_module_further(const struct loader *loader, uint32_t number);

/** One for each protocol: fill @loader. */
bool loader_is_pvh(uint64_t info_phys);
void loader_read_pvh(struct loader *loader, uint64_t info_phys);
void loader_read_multiboot2(struct loader *loader, uint64_t info_phys);

#endif
