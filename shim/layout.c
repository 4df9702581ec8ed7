/* Where everything lies that stays while an OS runs, and what the memory map says of it. */
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/image.h"
#include "shim/shim.h"
#include "shim/td/layout.h"

#define LOW_LIMIT 0x9F000u /* below the BIOS's extended data area */

_Static_assert(LOW_LIMIT <= TD_WAIT_ENTRY_LIMIT, "a TD's waiting APs reach the entry page");

static struct muster_cpu cpus[SHIM_MAX_CPUS];
static struct muster_index_entry cpu_index[SHIM_INDEX];

uint64_t shim_take(uint64_t bytes, uint64_t align, enum muster_memory_type type, const char *what)
{
    uint64_t phys;
    bytes = (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    enum muster_status status =
        muster_memory_allocate(&shim.map, bytes, align, ONE_MIB, FOUR_GIB, SHIM_OWNER, &phys);
    if (!status)
        status = muster_memory_add(&shim.map, phys, bytes, type);
    if (status)
        shim_fail_status(what, status);
    memset((void *)phys, 0, bytes);
    return phys;
}

static void discover(void)
{
    enum muster_status status = muster_machine_init(&shim.machine, &shim.platform, cpus,
                                                    SHIM_MAX_CPUS, cpu_index, SHIM_INDEX);
    if (!status)
        status =
            muster_discover(&shim.machine, shim.source.rsdp_phys, muster_apic_id(&shim.platform));
    if (status)
        shim_fail_status("the platform's own tables", status);
    const char *error = shim_fault_check(&shim.options.fault, &shim.machine);
    if (error)
        shim_fail("usage", error);
    /* One CPU needs no way, whatever the host. */
    enum muster_way way =
        shim.machine.cpu_count > 1 ? shim.host->choose_way(&shim.machine) : MUSTER_WAY_AUTO;
    status = muster_plan_make(&shim.machine, way, &shim.plan);
    if (status)
        shim_fail_status("no way to start the processors", status);
}

/* The APs' page tables, apart from all else: their place and what is said of it are options. */
static void place_tables(void)
{
    uint64_t bytes = (uint64_t)shim_tables_sets() * SHIM_TABLE_PAGES * PAGE_BYTES;
    shim.tables_bytes = bytes;
    if (!shim.options.tables_phys) {
        shim.tables_phys =
            shim_take(bytes, PAGE_BYTES, shim.options.tables_type, "no room for page tables");
        return;
    }
    const struct muster_memory_range *range =
        muster_memory_find(&shim.map, shim.options.tables_phys);
    if (!range || range->type != MUSTER_MEMORY_USABLE || range->owner != MUSTER_OWNER_NONE ||
        range->end_phys - shim.options.tables_phys < bytes)
        shim_fail("usage", "page-tables: there is no free memory for them at that address");
    shim.tables_phys = shim.options.tables_phys;
    enum muster_status status =
        muster_memory_reserve(&shim.map, shim.tables_phys, bytes, SHIM_OWNER);
    if (!status)
        status = muster_memory_add(&shim.map, shim.tables_phys, bytes, shim.options.tables_type);
    if (status)
        shim_fail_status("page-tables", status);
}

/* Below 1 MiB, as a SIPI needs it; for one CPU too, whose tables are built all the same. */
static void place_entry(void)
{
    uint64_t bytes = muster_entry_bytes(&shim.machine, &shim.plan);
    shim.entry_bytes = bytes ? bytes : PAGE_BYTES;
    enum muster_status status =
        muster_memory_allocate(&shim.map, shim.entry_bytes, PAGE_BYTES, PAGE_BYTES, LOW_LIMIT,
                               MUSTER_OWNER_ENTRY, &shim.entry_phys);
    if (status)
        shim_fail_status("no page below 1 MiB to start processors in", status);
}

/* For kernels of Multiboot alone; without it they find the tables of the firmware below us. */
static void place_bios_page(void)
{
    uint64_t phys;
    if (!muster_memory_allocate(&shim.map, PAGE_BYTES, PAGE_BYTES, PAGE_BYTES, LOW_LIMIT,
                                SHIM_OWNER, &phys) &&
        !muster_memory_add(&shim.map, phys, PAGE_BYTES, MUSTER_MEMORY_NVS))
        shim.bios_page_phys = phys;
}

void shim_layout(void)
{
    discover();
    enum muster_status status = muster_memory_add(
        &shim.map, (uint64_t)image_start, (uint64_t)(image_end - image_start), MUSTER_MEMORY_NVS);
    if (status)
        shim_fail_status("the memory map", status);
    shim.slots =
        (void *)shim_take((uint64_t)shim.machine.cpu_count * sizeof(struct muster_slot),
                          MUSTER_SLOT_BYTES, MUSTER_MEMORY_NVS, "no room for the processors");
    shim.mailbox =
        (void *)shim_take(MAILBOX_BYTES, PAGE_BYTES, MUSTER_MEMORY_NVS, "no room for the mailbox");
    if (shim.options.mailbox_version >= 1)
        shim.reset_vector_phys =
            shim_take(PAGE_BYTES, PAGE_BYTES, MUSTER_MEMORY_NVS, "no room for the reset vector");
    shim.boot_tables_phys = shim_take((uint64_t)SHIM_TABLE_PAGES * PAGE_BYTES, PAGE_BYTES,
                                      MUSTER_MEMORY_NVS, "no room for page tables");
    place_tables();
    shim_acpi_place();
    place_entry();
    place_bios_page();
}
