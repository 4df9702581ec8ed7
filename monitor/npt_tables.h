/**
 * The nested tables from inside: for npt.c, and for what gives a VP tables of its own (npt_vp.c).
 */
#ifndef MONITOR_NPT_TABLES_H
#define MONITOR_NPT_TABLES_H

#include <stdint.h>

#include "abi/x86.h"
#include "monitor/layout.h"

#define LOW_PAGES       (GUEST_LOW_END / PAGE_BYTES)
#define LOW_TABLES      (LOW_PAGES / PTE_ENTRIES)
#define LOW_DIRECTORIES (LOW_TABLES / PTE_ENTRIES)
#define LAST_GIB        3

/*
 * Nested tables are walked with user rights; Accessed and Dirty are set beforehand, so that the
 * processor never writes to them.
 */
#define NPT_FLAGS (PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

struct table {
    uint64_t entry[PTE_ENTRIES];
} __attribute__((aligned(PAGE_BYTES)));

/** One half's tables: for low memory, and in the private half for the firmware's image. */
struct half {
    struct table pointers;
    struct table directories[LOW_DIRECTORIES];
    struct table low[LOW_TABLES];
};

extern struct half npt_private_half;

/** The last GiB as a guest with paging off sees it. */
extern struct table npt_unpaged_last_gib;

static inline uint64_t link_to(const void *table)
{
    return (uint64_t)table | NPT_FLAGS;
}

#endif
