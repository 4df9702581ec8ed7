/**
 * The geometry of page tables (Intel SDM vol. 3, 5.5): each of 4 or 5 levels takes 9 bits of the
 * address, above the 12 bits within a page. Level 1 is the last table, whose entries map 4 KiB.
 */
#ifndef LIB_MEMORY_PAGE_LEVELS_H
#define LIB_MEMORY_PAGE_LEVELS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/x86.h"

#define PAGE_SHIFT       12u
#define PAGE_LEVEL_BITS  9u
#define PAGE_LEVELS_MOST 5u
#define PAGE_LEVEL_2MIB  2u
#define PAGE_LEVEL_1GIB  3u
#define PAGE_END_PHYS    (PTE_ADDRESS + PAGE_BYTES) /* the first address beyond 52 bits */

static inline bool page_levels_are_known(unsigned levels)
{
    return levels == 4 || levels == 5;
}

/** Bytes that one entry of a table of @level serves. */
static inline uint64_t page_span(unsigned level)
{
    return (uint64_t)1 << (PAGE_SHIFT + PAGE_LEVEL_BITS * (level - 1));
}

static inline unsigned page_index(uint64_t virt, unsigned level)
{
    return (unsigned)(virt / page_span(level)) % PTE_ENTRIES;
}

/** @virt with its highest translated bit copied into all bits above. */
static inline uint64_t page_canonical(uint64_t virt, unsigned levels)
{
    uint64_t sign = page_span(levels + 1) / 2;

    return virt & sign ? virt | ~(sign - 1) : virt & (sign - 1);
}

/** Whether a present entry of a table of @level maps memory itself. */
static inline bool page_is_mapping(uint64_t entry, unsigned level)
{
    return level == 1 || (entry & PTE_LARGE) != 0;
}

#endif
