/**
 * Where tags of Multiboot 2 lie, in the header and in the information (specification 2.0, 3.1.3 and
 * 3.6.2).
 */
#ifndef BOOT_MULTIBOOT2_TAG_H
#define BOOT_MULTIBOOT2_TAG_H

#include <stdint.h>

#include "abi/multiboot2.h"

/** How far the next tag is behind one of @bytes. */
static inline uint64_t multiboot2_tag_step(uint64_t bytes)
{
    return (bytes + MULTIBOOT2_TAG_ALIGN - 1) & ~(uint64_t)(MULTIBOOT2_TAG_ALIGN - 1);
}

#endif
