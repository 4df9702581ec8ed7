/*
 * The page tables that APs wait on, and that an OS's first instructions run on: 4 GiB, 1:1. The
 * OS's RAM is writable and executable (Linux's trampoline takes a lock in its own page while it
 * is still on these tables); nothing of ours is both.
 */
#include "abi/x86.h"
#include "boot/image.h"
#include "shim/shim.h"

#define OS_RAM (MUSTER_PAGE_WRITE | MUSTER_PAGE_EXECUTE | MUSTER_PAGE_FOR_OS)

static struct muster_paging boot_tables; /* the BSP's, until the payload has its own */
static struct muster_paging ap_tables[SHIM_MAX_CPUS];

#define SET_BYTES ((uint64_t)SHIM_TABLE_PAGES * PAGE_BYTES)

static void map(struct muster_paging *paging, uint64_t start_phys, uint64_t bytes, unsigned access)
{
    enum muster_status status = muster_paging_map(paging, start_phys, start_phys, bytes, access);
    if (status)
        shim_fail_status("the shim's page tables", status);
}

/* The OS's RAM; all below 1 MiB too, where its trampolines are. */
static void map_ram_for_os(struct muster_paging *paging)
{
    map(paging, 0, ONE_MIB, OS_RAM);
    for (uint32_t i = 0; i < shim.map.count; i++) {
        const struct muster_memory_range *range = &shim.map.ranges[i];
        if (range->type != MUSTER_MEMORY_USABLE || range->start_phys >= FOUR_GIB)
            continue;
        uint64_t start = range->start_phys & ~(uint64_t)(PAGE_BYTES - 1);
        uint64_t end = range->end_phys < FOUR_GIB ? range->end_phys : FOUR_GIB;
        end &= ~(uint64_t)(PAGE_BYTES - 1);
        if (end > start)
            map(paging, start, end - start, OS_RAM);
    }
}

static void map_own(struct muster_paging *paging)
{
    map(paging, (uint64_t)text_start, (uint64_t)(text_end - text_start), MUSTER_PAGE_EXECUTE);
    map(paging, (uint64_t)rodata_start, (uint64_t)(rodata_end - rodata_start), MUSTER_PAGE_READ);
    map(paging, (uint64_t)data_start, (uint64_t)(image_end - data_start), MUSTER_PAGE_WRITE);
    map(paging, (uint64_t)shim.slots, (uint64_t)shim.machine.cpu_count * sizeof(struct muster_slot),
        MUSTER_PAGE_WRITE);
    map(paging, (uint64_t)shim.mailbox, MAILBOX_BYTES, MUSTER_PAGE_WRITE);
    if (shim.reset_vector_phys)
        map(paging, shim.reset_vector_phys, PAGE_BYTES, MUSTER_PAGE_EXECUTE);
    map(paging, shim.boot_tables_phys, SET_BYTES, MUSTER_PAGE_READ);
    /* Where the OS is told that they are plain RAM, it must be able to prove that they are not. */
    map(paging, shim.tables_phys, shim.tables_bytes,
        shim.options.tables_type == MUSTER_MEMORY_USABLE ? MUSTER_PAGE_WRITE : MUSTER_PAGE_READ);
    map(paging, shim.machine.lapic_phys, PAGE_BYTES, MUSTER_PAGE_WRITE | MUSTER_PAGE_UNCACHED);
}

static void build(struct muster_paging *paging, uint64_t phys, unsigned levels)
{
    enum muster_status status =
        muster_paging_init(paging, &shim.platform, levels, true, phys, SET_BYTES);
    if (status)
        shim_fail_status("the shim's page tables", status);
    map(paging, 0, FOUR_GIB, MUSTER_PAGE_WRITE);
    map_ram_for_os(paging);
    map_own(paging);
}

uint32_t shim_tables_sets(void)
{
    return shim.options.tables_each ? shim.machine.cpu_count : 1;
}

/* The first set is the one that all APs have in common; the BSP has none of its own. */
static uint32_t set_of(uint32_t index)
{
    if (!shim.options.tables_each || index == shim.machine.bsp)
        return 0;
    return index < shim.machine.bsp ? index + 1 : index;
}

void shim_tables_build(void)
{
    build(&boot_tables, shim.boot_tables_phys, 4);
    for (uint32_t set = 0; set < shim_tables_sets(); set++)
        build(&ap_tables[set], shim.tables_phys + set * SET_BYTES, shim.options.levels);
}

uint64_t shim_tables_root(uint32_t index)
{
    return ap_tables[set_of(index)].root_phys;
}

uint64_t shim_tables_used_bytes(void)
{
    uint64_t bytes = 0;
    for (uint32_t set = 0; set < shim_tables_sets(); set++)
        bytes += ap_tables[set].pool_phys - (shim.tables_phys + set * SET_BYTES);
    return bytes;
}

static void map_entry(unsigned access)
{
    for (uint32_t set = 0; set < shim_tables_sets(); set++)
        map(&ap_tables[set], shim.entry_phys, shim.entry_bytes, access);
}

void shim_tables_seal_entry(void)
{
    map_entry(MUSTER_PAGE_EXECUTE);
}

void shim_tables_open_entry(void)
{
    map_entry(OS_RAM);
}
