#include <muster/paging.h>

#include "lib/memory/page_levels.h"
#include "lib/memory_functions.h"

#define PAGE_ACCESS_KNOWN                                                                          \
    (MUSTER_PAGE_WRITE | MUSTER_PAGE_EXECUTE | MUSTER_PAGE_USER | MUSTER_PAGE_UNCACHED |           \
     MUSTER_PAGE_FOR_OS)

/* The way to a mapping allows everything, so that the mapping alone decides. */
#define PTE_TO_TABLE ((uint64_t)(PTE_PRESENT | PTE_WRITABLE | PTE_USER))

/* What is still to be done of one change of the tree. */
struct change {
    uint64_t virt;
    uint64_t phys; /* means nothing where mappings are taken away */
    uint64_t bytes;
    uint64_t flags; /* of its mappings; 0 takes mappings away */
};

/*
 * Other processors may be walking the tree. They must find a table's entries in it before they
 * find the table, so what leads to it is stored after them.
 */
static void store_entry(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static uint64_t *map_table(const struct muster_paging *paging, uint64_t phys)
{
    return paging->platform->map(paging->platform->context, phys, PAGE_BYTES);
}

static enum muster_status new_table(struct muster_paging *paging, uint64_t *phys, uint64_t **table)
{
    if (paging->pool_end_phys - paging->pool_phys < PAGE_BYTES)
        return MUSTER_ERROR_OUT_OF_MEMORY;
    *table = map_table(paging, paging->pool_phys);
    if (!*table)
        return MUSTER_ERROR_PAGE_TABLE_ADDRESS;
    memset(*table, 0, PAGE_BYTES);
    *phys = paging->pool_phys;
    paging->pool_phys += PAGE_BYTES;
    return MUSTER_OK;
}

enum muster_status muster_paging_init(struct muster_paging *paging,
                                      const struct muster_platform *platform, unsigned levels,
                                      bool no_execute, uint64_t pool_phys, uint64_t pool_bytes)
{
    uint64_t *root;

    *paging = (struct muster_paging){
        .platform = platform,
        .levels = levels,
        .no_execute = no_execute,
        .pool_phys = pool_phys,
        .pool_end_phys = pool_phys + pool_bytes,
    };
    if (!page_levels_are_known(levels))
        return MUSTER_ERROR_PAGING_LEVELS;
    if (pool_phys % PAGE_BYTES != 0)
        return MUSTER_INVALID_ARGUMENT;
    if (pool_phys > PAGE_END_PHYS || pool_bytes > PAGE_END_PHYS - pool_phys)
        return MUSTER_ERROR_PAGE_TABLE_ADDRESS;
    return new_table(paging, &paging->root_phys, &root);
}

static uint64_t flags_of(const struct muster_paging *paging, unsigned access)
{
    uint64_t flags = PTE_PRESENT;

    if (access & MUSTER_PAGE_WRITE)
        flags |= PTE_WRITABLE;
    if (access & MUSTER_PAGE_USER)
        flags |= PTE_USER;
    if (access & MUSTER_PAGE_UNCACHED)
        flags |= PTE_PCD | PTE_PWT;
    if (!(access & MUSTER_PAGE_EXECUTE) && paging->no_execute)
        flags |= PTE_NO_EXECUTE;
    return flags;
}

/* Fill @table, of @level, with what the one large page @entry above it maps. */
static void fill_from_large(uint64_t *table, unsigned level, uint64_t entry)
{
    uint64_t piece = level == 1 ? entry & ~(uint64_t)PTE_LARGE : entry;

    for (unsigned i = 0; i < PTE_ENTRIES; i++)
        table[i] = piece + i * page_span(level);
}

/* The table below @entry, which is in a table of @level: there, made of a large page, or new. */
static enum muster_status table_below(struct muster_paging *paging, uint64_t *entry, unsigned level,
                                      uint64_t **below)
{
    uint64_t phys;
    enum muster_status status;

    if ((*entry & PTE_PRESENT) && !page_is_mapping(*entry, level)) {
        *below = map_table(paging, *entry & PTE_ADDRESS);
        return *below ? MUSTER_OK : MUSTER_ERROR_PAGE_TABLE_ADDRESS;
    }
    status = new_table(paging, &phys, below);
    if (status != MUSTER_OK)
        return status;
    if (*entry & PTE_PRESENT)
        fill_from_large(*below, level - 1, *entry);
    store_entry(entry, phys | PTE_TO_TABLE);
    return MUSTER_OK;
}

/*
 * Whether one entry of a table of @level takes the next part of @change. An entry that leads to
 * a table goes on doing so: the pool takes no page back, and repeated changes of the same
 * addresses must not use it up.
 */
static bool takes_whole_entry(const struct change *change, uint64_t entry, unsigned level)
{
    uint64_t span = page_span(level);
    uint64_t aligned = change->flags ? change->virt | change->phys : change->virt;

    if (level == 1)
        return true;
    if (level > PAGE_LEVEL_2MIB || change->bytes < span || (aligned & (span - 1)) != 0)
        return false;
    return !(entry & PTE_PRESENT) || page_is_mapping(entry, level);
}

static void advance(struct change *change, uint64_t bytes)
{
    if (bytes > change->bytes)
        bytes = change->bytes;
    change->virt += bytes;
    change->phys += bytes;
    change->bytes -= bytes;
}

/* Do the next part of @change that one entry holds, or skip what is not mapped anyway. */
static enum muster_status change_next(struct muster_paging *paging, struct change *change)
{
    uint64_t *table = map_table(paging, paging->root_phys);
    unsigned level = paging->levels;

    for (; table; level--) {
        uint64_t *entry = &table[page_index(change->virt, level)];
        uint64_t span = page_span(level);
        enum muster_status status;

        if (change->flags == 0 && !(*entry & PTE_PRESENT)) {
            advance(change, span - (change->virt & (span - 1)));
            return MUSTER_OK;
        }
        if (takes_whole_entry(change, *entry, level)) {
            uint64_t large = level > 1 ? PTE_LARGE : 0;

            store_entry(entry, change->flags ? change->phys | change->flags | large : 0);
            advance(change, span);
            return MUSTER_OK;
        }
        status = table_below(paging, entry, level, &table);
        if (status != MUSTER_OK)
            return status;
    }
    return MUSTER_ERROR_PAGE_TABLE_ADDRESS;
}

static enum muster_status make_change(struct muster_paging *paging, struct change change)
{
    uint64_t last_virt = change.virt + (change.bytes - 1);

    if ((change.virt | change.phys | change.bytes) % PAGE_BYTES != 0)
        return MUSTER_INVALID_ARGUMENT;
    if (change.bytes == 0)
        return MUSTER_OK;
    /* Canonical at both ends and on one side of the gap is canonical all the way. */
    if (last_virt < change.virt || (last_virt ^ change.virt) >> 63 != 0 ||
        page_canonical(change.virt, paging->levels) != change.virt ||
        page_canonical(last_virt, paging->levels) != last_virt)
        return MUSTER_ERROR_RANGE_INVALID;

    while (change.bytes > 0) {
        enum muster_status status = change_next(paging, &change);

        if (status != MUSTER_OK)
            return status;
    }
    return MUSTER_OK;
}

enum muster_status muster_paging_map(struct muster_paging *paging, uint64_t virt, uint64_t phys,
                                     uint64_t bytes, unsigned access)
{
    const unsigned write_execute = MUSTER_PAGE_WRITE | MUSTER_PAGE_EXECUTE;
    struct change change = {virt, phys, bytes, flags_of(paging, access)};

    if (access & ~(unsigned)PAGE_ACCESS_KNOWN)
        return MUSTER_INVALID_ARGUMENT;
    if ((access & write_execute) == write_execute && !(access & MUSTER_PAGE_FOR_OS))
        return MUSTER_DENIED;
    if (phys >= PAGE_END_PHYS || bytes > PAGE_END_PHYS - phys)
        return MUSTER_ERROR_RANGE_INVALID;
    return make_change(paging, change);
}

enum muster_status muster_paging_unmap(struct muster_paging *paging, uint64_t virt, uint64_t bytes)
{
    struct change change = {virt, 0, bytes, 0};

    return make_change(paging, change);
}
