/**
 * Page tables of 4 or 5 levels: build them write-xor-execute, change them, walk them.
 */
#ifndef MUSTER_PAGING_H
#define MUSTER_PAGING_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/platform.h>
#include <muster/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a mapping allows. Reading is always allowed. */
enum muster_page_access {
    MUSTER_PAGE_READ = 0,
    MUSTER_PAGE_WRITE = 1 << 0,
    MUSTER_PAGE_EXECUTE = 1 << 1,
    MUSTER_PAGE_USER = 1 << 2,
    MUSTER_PAGE_UNCACHED = 1 << 3,
    /** Allows WRITE and EXECUTE together: only for an OS's own RAM on a shim's tables. */
    MUSTER_PAGE_FOR_OS = 1 << 4,
};

/** A tree of page tables in a pool of pages that the caller gives. */
struct muster_paging {
    const struct muster_platform *platform;
    uint64_t root_phys; /* for CR3 */
    unsigned levels;    /* 4 or 5 */
    bool no_execute;    /* the processor has NX: clear only on one that has not */
    uint64_t pool_phys;
    uint64_t pool_end_phys;
};

/**
 * An empty tree. @pool_phys is page-aligned; its pages are cleared as they are used.
 * MUSTER_ERROR_OUT_OF_MEMORY if it has not even one, MUSTER_ERROR_PAGING_LEVELS if @levels is
 * neither 4 nor 5, MUSTER_ERROR_PAGE_TABLE_ADDRESS if the pool cannot be mapped.
 */
enum muster_status muster_paging_init(struct muster_paging *paging,
                                      const struct muster_platform *platform, unsigned levels,
                                      bool no_execute, uint64_t pool_phys, uint64_t pool_bytes);

/**
 * Map or re-map [@virt, @virt + @bytes) to @phys, all page-aligned, with the largest pages
 * that fit (at most 2 MiB); larger pages in the way are split. WRITE with EXECUTE is
 * MUSTER_DENIED unless FOR_OS is there too. The caller flushes TLBs.
 */
enum muster_status muster_paging_map(struct muster_paging *paging, uint64_t virt, uint64_t phys,
                                     uint64_t bytes, unsigned access);

/** Take a mapping away (a guard page): later touches fault. Page-aligned. */
enum muster_status muster_paging_unmap(struct muster_paging *paging, uint64_t virt, uint64_t bytes);

/** One thing met on a walk. */
struct muster_page_visit {
    bool is_table;  /* a page of the tree itself; else a mapping */
    unsigned level; /* of the table, or of the table that holds the mapping: 1 to 5 */
    uint64_t virt;  /* first address it serves, sign-extended */
    uint64_t phys;
    uint64_t bytes;  /* that it maps; 4096 for a table */
    unsigned access; /* of a mapping: what the whole path allows together */
};

/** Called for each thing; anything but MUSTER_OK ends the walk with that status. */
typedef enum muster_status muster_page_visitor(void *context,
                                               const struct muster_page_visit *visit);

/**
 * Walk a tree, depth first, tables before what hangs on them. Nothing in the tree is trusted:
 * reserved bits are MUSTER_ERROR_PAGE_TABLE_ENTRY (those left to software are not judged), a
 * table that cannot be mapped MUSTER_ERROR_PAGE_TABLE_ADDRESS, one that is its own ancestor
 * MUSTER_ERROR_PAGE_TABLE_LOOP, and a tree of more than 65,536 visited tables
 * MUSTER_ERROR_PAGE_TABLE_LOOP as well (tables may be shared: each use counts).
 */
enum muster_status muster_paging_walk(const struct muster_platform *platform, uint64_t cr3,
                                      unsigned levels, muster_page_visitor *visitor, void *context);

#ifdef __cplusplus
}
#endif
#endif
