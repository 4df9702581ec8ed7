/**
 * What the loader left, by whichever protocol it started us: PVH or Multiboot 2. It is all
 * hostile: what cannot be right is a fatal error.
 */
#ifndef KERNEL_LOADER_H
#define KERNEL_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/boot_info.h>

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
    struct screen_mode screen;
    struct loader_module modules[LOADER_MODULES];
    uint32_t module_count;
    uint64_t info_phys;
    /* The library's reader of this protocol, and what it has read, once memory is described. */
    enum muster_status (*read_platform)(const struct muster_platform *platform, uint64_t info_phys,
                                        struct muster_boot_info *info,
                                        struct muster_memory_map *map);
    struct muster_boot_info platform;
    void (*keep)(void); /* all but the modules' contents from being handed out */
};

/** How what a loader left is reached: before there are any other hooks, and later. */
extern const struct muster_platform loader_memory;

/** Read what boot_main() got. Before there is any memory map. */
struct loader *loader_read(uint64_t info_phys, uint32_t magic);

/**
 * Fill kernel.map with what it says, find RSDP and device tree, and keep what it left from being
 * handed out.
 */
void loader_describe_memory(struct loader *loader);

/** The @number'th module, from 0, that holds something and is no device tree; NULL: none. */
const struct loader_module *loader_module_further(const struct loader *loader, uint32_t number);

/** One for each protocol: fill @loader. */
bool loader_is_pvh(uint64_t info_phys);
void loader_read_pvh(struct loader *loader, uint64_t info_phys);
void loader_read_multiboot2(struct loader *loader, uint64_t info_phys);

#endif
