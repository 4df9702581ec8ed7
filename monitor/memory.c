#include "monitor/memory.h"

#include <muster/paging.h>

#include "boot/console.h"
#include "boot/lock.h"
#include "monitor/instructions.h"
#include "monitor/layout.h"
#include "monitor/monitor.h"
#include "monitor/report.h"

#define POOL_PAGES  256
#define LARGE_BYTES 0x200000u

#pragma GCC visibility push(hidden)
extern char text_start[], text_end[], rodata_start[], rodata_end[], data_start[];
#pragma GCC visibility pop

static uint8_t pool[POOL_PAGES * PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
static struct muster_paging paging;
static struct muster_word lock;

/* The library maps page tables by this before the platform's own hook is there. */
static void *map_all(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    (void)bytes;
    return (void *)phys;
}

static void map(uint64_t start, uint64_t end, unsigned access)
{
    enum muster_status status = muster_paging_map(&paging, start, start, end - start, access);
    if (status)
        fatal(NULL, "cannot map 0x%lx for the monitor: %s", start, muster_error_text(status));
}

void memory_init(void)
{
    monitor.platform.map = map_all;
    enum muster_status status =
        muster_paging_init(&paging, &monitor.platform, 4, true, (uint64_t)pool, sizeof(pool));
    if (status)
        fatal(NULL, "cannot build the monitor's page tables: %s", muster_error_text(status));
    map(0, GUEST_LOW_END, MUSTER_PAGE_WRITE);
    map(GUEST_LOW_END, GUEST_FOUR_GIB, MUSTER_PAGE_WRITE | MUSTER_PAGE_UNCACHED);
    map((uint64_t)text_start, (uint64_t)text_end, MUSTER_PAGE_EXECUTE);
    map((uint64_t)rodata_start, (uint64_t)rodata_end, MUSTER_PAGE_READ);
    map((uint64_t)data_start, MONITOR_RAM_END, MUSTER_PAGE_WRITE);
    monitor.root_cr3 = paging.root_phys;
    write_cr3(monitor.root_cr3);
}

uint64_t memory_open_entry(void)
{
    map(BORROWED_ENTRY, BORROWED_ENTRY + PAGE_BYTES, MUSTER_PAGE_EXECUTE);
    memcpy((void *)BORROWED_ROOT, (void *)paging.root_phys, PAGE_BYTES);
    write_cr3(monitor.root_cr3);
    return BORROWED_ROOT;
}

void memory_close_entry(void)
{
    map(BORROWED_PHYS, BORROWED_END, MUSTER_PAGE_WRITE);
    write_cr3(monitor.root_cr3);
    memset((void *)BORROWED_PHYS, 0, BORROWED_END - BORROWED_PHYS);
}

/*
 * Above 4 GiB a large page at a time, as it is asked for: what QEMU puts there is few and far
 * between. A page table only ever gains entries here, so no CPU holds a stale one.
 */
bool memory_map_device(uint64_t phys)
{
    uint64_t start = phys & ~(uint64_t)(LARGE_BYTES - 1);
    if (phys < GUEST_FOUR_GIB)
        return true;
    lock_take(&lock);
    enum muster_status status = muster_paging_map(&paging, start, start, LARGE_BYTES,
                                                  MUSTER_PAGE_WRITE | MUSTER_PAGE_UNCACHED);
    lock_drop(&lock);
    return status == MUSTER_OK;
}
