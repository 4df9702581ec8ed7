#include "kernel/paging.h"

#include <muster/cpu.h>

#include "abi/x86.h"
#include "boot/image.h"
#include "kernel/fatal.h"
#include "kernel/kernel.h"
#include "kernel/memory.h"
#include "kernel/syscall.h"
#include "lib/cpu/instructions.h"

/*
 * Enough for PAGING_LIMIT in pages of 2 MiB (a directory for each GiB), a root for each level
 * above, and a table wherever 2 MiB have more than one kind of access.
 */
#define POOL_PAGES  192
#define LARGE_BYTES (2 * MIB)

#define DATA   (MUSTER_PAGE_READ | MUSTER_PAGE_WRITE)
#define CODE   (MUSTER_PAGE_READ | MUSTER_PAGE_EXECUTE)
#define DEVICE (DATA | MUSTER_PAGE_UNCACHED)

static uint8_t pool[POOL_PAGES][PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));

/* The boot tables map 4 GiB (boot/image.h), page 0 with them, and nothing else. */
static uint64_t mapped_start = 0;
static uint64_t mapped_end = FOUR_GIB;

bool paging_maps(uint64_t start, uint64_t end)
{
    if (start < mapped_start || start > end || end > mapped_end)
        return false;
    if (start < FOUR_GIB)
        start = end < FOUR_GIB ? end : FOUR_GIB;
    while (start < end) {
        const struct muster_memory_range *range = muster_memory_find(&kernel.map, start);
        if (!range || !memory_is_ram(range->type))
            return false;
        start = range->end_phys;
    }
    return true;
}

unsigned paging_live_levels(void)
{
    return read_cr4() & CR4_LA57 ? 5 : 4;
}

static void map_identity(uint64_t start, uint64_t end, unsigned access)
{
    if (start >= end)
        return;
    enum muster_status status =
        muster_paging_map(&kernel.paging, start, start, end - start, access);
    if (status != MUSTER_OK)
        fatal_status(status, "map memory");
}

/* The end of the usable RAM that lies below 4 GiB, in large pages: devices and ROMs follow. */
static uint64_t low_ram_end(void)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < kernel.map.count; i++) {
        const struct muster_memory_range *range = &kernel.map.ranges[i];
        if (range->type == MUSTER_MEMORY_USABLE && range->start_phys < FOUR_GIB)
            end = range->end_phys;
    }
    end = (end + LARGE_BYTES - 1) & ~(LARGE_BYTES - 1);
    return end < FOUR_GIB ? end : FOUR_GIB;
}

/* RAM that is not covered by [0, @covered): ACPI tables, NVS, and all of it above 4 GiB. */
static void map_further_ram(uint64_t covered)
{
    for (uint32_t i = 0; i < kernel.map.count; i++) {
        const struct muster_memory_range *range = &kernel.map.ranges[i];
        uint64_t start = page_down(range->start_phys);
        uint64_t end = page_up(range->end_phys);
        if (!memory_is_ram(range->type) || end <= covered || start >= PAGING_LIMIT)
            continue;
        map_identity(start > covered ? start : covered, end < PAGING_LIMIT ? end : PAGING_LIMIT,
                     DATA);
    }
}

static void map_image(void)
{
    map_identity((uint64_t)text_start, (uint64_t)text_end, CODE);
    map_identity((uint64_t)rodata_start, (uint64_t)rodata_end, MUSTER_PAGE_READ);
}

/* One program for all CPUs; a stack for each. */
static void map_user(void)
{
    map_identity((uint64_t)user_text_start, (uint64_t)user_text_end, CODE | MUSTER_PAGE_USER);
    map_identity(user_stack_start(0), user_stack_start(kernel.machine.cpu_count),
                 DATA | MUSTER_PAGE_USER);
}

/* A CPU that is handed back jumps to this page while it is still on these tables. */
static void map_reset_vector(void)
{
    uint64_t page = page_down(kernel.machine.mailbox.reset_vector_phys);
    if (kernel.plan.reset_vector && kernel.custody.policy == MUSTER_CUSTODY_KEEP)
        map_identity(page, page + PAGE_BYTES, CODE);
}

/* Below 4 GiB it is mapped with all else; a modern one may lie anywhere. */
static void map_screen(void)
{
    uint64_t start = page_down(kernel.screen.phys);
    if (kernel.screen.kind != SCREEN_NONE && !screen_mode_is_below(&kernel.screen, FOUR_GIB))
        map_identity(start, page_up(kernel.screen.phys + screen_mode_bytes(&kernel.screen)),
                     DEVICE);
}

static bool has_no_execute(void)
{
    uint32_t r[4];
    read_cpuid(CPUID_EXTENDED, 0, r);
    return (r[3] & CPUID_EXT_EDX_NX) != 0;
}

void paging_build(void)
{
    unsigned levels = kernel.options.levels ? kernel.options.levels : paging_live_levels();
    enum muster_status status = muster_paging_init(&kernel.paging, &kernel.platform, levels,
                                                   has_no_execute(), (uint64_t)pool, sizeof(pool));
    if (status != MUSTER_OK)
        fatal_status(status, "make page tables");
    uint64_t ram_end = low_ram_end();
    uint64_t lapic = kernel.machine.lapic_phys;
    map_identity(0, ram_end, DATA);
    map_identity(ram_end, FOUR_GIB, DEVICE);
    map_further_ram(ram_end);
    map_identity(lapic, lapic + PAGE_BYTES, DEVICE);
    map_image();
    map_user();
    map_reset_vector();
    map_screen();
    status = muster_paging_unmap(&kernel.paging, 0, PAGE_BYTES);
    if (status != MUSTER_OK)
        fatal_status(status, "unmap page 0");
}

void paging_seal(uint64_t phys, uint64_t bytes)
{
    map_identity(phys, phys + bytes, CODE);
    write_cr3(kernel.paging.root_phys); /* forget that it was writable; no page is global */
}

/*
 * Before the library takes the BSP's registers as every CPU's profile: CR4.LA57, which only the
 * way through 32-bit mode can change, has to be in it as the park tables need it.
 */
void paging_enter(void)
{
    enum muster_status status =
        muster_paging_switch(&kernel.platform, kernel.paging.root_phys, kernel.paging.levels);
    if (status != MUSTER_OK)
        fatal_status(status, "switch to the kernel's page tables");
    mapped_start = PAGE_BYTES;
    mapped_end = PAGING_LIMIT;
}
