#include <muster/paging.h>

#include "lib/atomic.h"
#include "lib/memory/page_levels.h"

/* Far more than a tree that maps all memory has; a hostile one ends here. */
#define WALK_MOST_TABLES 65536u

#define PTE_LARGE_PAT 0x1000ull /* the one bit below a large page's address that has a use */

struct table_walk {
    const struct muster_platform *platform;
    muster_page_visitor *visitor;
    void *context;
    unsigned levels;
    uint32_t tables;
    uint64_t path_phys[PAGE_LEVELS_MOST + 1]; /* the tables above, by level */
};

/* Bits 52 to 62 are not judged: the processor leaves them to software. */
static bool is_impossible(uint64_t entry, unsigned level)
{
    if (level == 1 || (entry & PTE_LARGE) == 0)
        return false;
    uint64_t reserved = (page_span(level) - 1) & PTE_ADDRESS & ~PTE_LARGE_PAT;
    return level > PAGE_LEVEL_1GIB || (entry & reserved) != 0;
}

static unsigned allowed_by(uint64_t entry)
{
    unsigned access = MUSTER_PAGE_READ;

    if (entry & PTE_WRITABLE)
        access |= MUSTER_PAGE_WRITE;
    if (entry & PTE_USER)
        access |= MUSTER_PAGE_USER;
    if (!(entry & PTE_NO_EXECUTE))
        access |= MUSTER_PAGE_EXECUTE;
    return access;
}

static enum muster_status visit_mapping(const struct table_walk *walk, uint64_t entry,
                                        unsigned level, uint64_t virt, unsigned access)
{
    uint64_t span = page_span(level);
    struct muster_page_visit visit = {
        .level = level,
        .virt = page_canonical(virt, walk->levels),
        .phys = entry & PTE_ADDRESS & ~(span - 1),
        .bytes = span,
        .access = access,
    };

    /* In an entry that leads to a table this bit is about reading the table. */
    if (entry & PTE_PCD)
        visit.access |= MUSTER_PAGE_UNCACHED;
    return walk->visitor(walk->context, &visit);
}

static enum muster_status visit_table(struct table_walk *walk, uint64_t phys, unsigned level,
                                      uint64_t virt)
{
    struct muster_page_visit visit = {
        .is_table = true,
        .level = level,
        .virt = page_canonical(virt, walk->levels),
        .phys = phys,
        .bytes = PAGE_BYTES,
    };

    for (unsigned above = level + 1; above <= walk->levels; above++) {
        if (walk->path_phys[above] == phys)
            return MUSTER_ERROR_PAGE_TABLE_LOOP;
    }
    if (walk->tables++ == WALK_MOST_TABLES)
        return MUSTER_ERROR_PAGE_TABLE_LOOP;
    walk->path_phys[level] = phys;
    return walk->visitor(walk->context, &visit);
}

/* Calls itself for the tables below, one level down each time: at most five deep. */
static enum muster_status walk_table(struct table_walk *walk, uint64_t phys, unsigned level,
                                     uint64_t virt, unsigned access)
{
    const struct muster_platform *platform = walk->platform;
    const uint64_t *table = platform->map(platform->context, phys, PAGE_BYTES);
    enum muster_status status;

    if (!table)
        return MUSTER_ERROR_PAGE_TABLE_ADDRESS;
    status = visit_table(walk, phys, level, virt);
    for (unsigned i = 0; i < PTE_ENTRIES && status == MUSTER_OK; i++) {
        /* Read once: what is checked must be what is used. */
        uint64_t entry = u64_load_relaxed(&table[i]);
        uint64_t entry_virt = virt + i * page_span(level);
        unsigned entry_access = access & allowed_by(entry);

        if (!(entry & PTE_PRESENT))
            continue;
        if (is_impossible(entry, level))
            return MUSTER_ERROR_PAGE_TABLE_ENTRY;
        if (page_is_mapping(entry, level))
            status = visit_mapping(walk, entry, level, entry_virt, entry_access);
        else
            status = walk_table(walk, entry & PTE_ADDRESS, level - 1, entry_virt, entry_access);
    }
    return status;
}

enum muster_status muster_paging_walk(const struct muster_platform *platform, uint64_t cr3,
                                      unsigned levels, muster_page_visitor *visitor, void *context)
{
    struct table_walk walk = {
        .platform = platform,
        .visitor = visitor,
        .context = context,
        .levels = levels,
    };

    if (!page_levels_are_known(levels))
        return MUSTER_ERROR_PAGING_LEVELS;
    if (cr3 >= PAGE_END_PHYS)
        return MUSTER_ERROR_PAGE_TABLE_ENTRY;
    /* CR3's low bits are its caching and PCID, not the address. */
    return walk_table(&walk, cr3 & PTE_ADDRESS, levels, 0,
                      MUSTER_PAGE_WRITE | MUSTER_PAGE_EXECUTE | MUSTER_PAGE_USER);
}
