/**
 * Physical memory: the map that the loader gave, what is taken of it, and pages for the kernel.
 */
#ifndef KERNEL_MEMORY_H
#define KERNEL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <muster/memory.h>

#include "abi/x86.h"
#include "abi/sizes.h"
#include "kernel/loader.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

/**
 * What the loader says lies at @phys must be below 4 GiB, where the boot tables end and before
 * there is an IDT to tell of a fault; else a fatal error that calls it @what.
 */
void memory_require_mapped(const char *what, uint64_t phys, uint64_t bytes);

/** Fill kernel.map: what @loader describes, less what it left, the image, and page 0. */
void memory_describe(struct loader *loader);

/** What the loader left at @phys stays: nobody is given memory there. 0 bytes are nothing. */
void memory_keep(const char *what, uint64_t phys, uint64_t bytes);

/** RAM that can hold data; else it is a device, a ROM or nothing. */
bool memory_is_ram(enum muster_memory_type type);

/** The platform's map hook: identity, as far as the tables in use go. */
void *memory_map_hook(void *context, uint64_t phys, size_t bytes);

static inline uint64_t page_down(uint64_t phys)
{
    return phys & ~(uint64_t)(PAGE_BYTES - 1);
}

static inline uint64_t page_up(uint64_t phys)
{
    return page_down(phys + PAGE_BYTES - 1);
}

#endif
