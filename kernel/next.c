#include "kernel/next.h"

#include <muster/life.h>

#include "abi/acpi.h"
#include "boot/console.h"
#include "boot/image.h"
#include "boot/json.h"
#include "boot/payload.h"
#include "boot/plural.h"
#include "kernel/fatal.h"
#include "kernel/kernel.h"
#include "kernel/life.h"
#include "kernel/memory.h"
#include "kernel/paging.h"
#include "kernel/proof.h"
#include "lib/cpu/instructions.h"

#define TABLE_PAGES 64u

#define OS_RAM (MUSTER_PAGE_READ | MUSTER_PAGE_WRITE | MUSTER_PAGE_EXECUTE | MUSTER_PAGE_FOR_OS)

static struct boot_payload payload = {.map = &kernel.map};
static struct muster_paging tables;

void next_find(const struct loader *loader)
{
    if (!kernel.options.then_boot)
        return;
    const struct loader_module *next = loader_module_further(loader, 0);
    const struct loader_module *initrd = loader_module_further(loader, 1);
    if (!next)
        fatal_usage("then=boot on the command line: the loader brings no kernel as a module");
    payload.kernel = (struct boot_module){next->phys, next->bytes};
    if (initrd)
        payload.initrd = (struct boot_module){initrd->phys, initrd->bytes};
    payload.cmdline = next->cmdline;
    payload.rsdp_phys = loader->platform.rsdp_phys;
}

void next_check(void)
{
    if (!kernel.options.then_boot || kernel.machine.cpu_count == 1)
        return;
    if (!kernel.plan.reset_vector)
        fatal_usage("then=boot on the command line: CPUs cannot be handed back: no mailbox with "
                    "a ResetVector is in use");
    if (kernel.custody.policy != MUSTER_CUSTODY_KEEP)
        fatal_usage("then=boot on the command line: CPUs cannot be handed back: custody=reclaim");
}

/* One at a time: the firmware may have one stack for all of them (ACPI 6.6, 5.2.12.19). */
static uint32_t hand_back_all(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        struct percpu *cpu = &percpus[i];
        if (i == kernel.machine.bsp || !kernel.machine.cpus[i].enabled)
            continue;
        enum muster_status status = life_turn_off(cpu, life_leave);
        if (!status)
            status = life_hand_back(cpu);
        if (status)
            fatal("CPU %u (APIC ID %u) could not be handed back before the next kernel: %s", i,
                  cpu->slot->apic_id, muster_error_text(status));
        count++;
    }
    return count;
}

/* What custody holds of memory that the firmware declared usable; NULL: no more of it. */
static const struct muster_memory_range *usable_in_custody(void)
{
    for (uint32_t i = 0; i < kernel.map.count; i++) {
        const struct muster_memory_range *range = &kernel.map.ranges[i];
        bool firmware = range->owner == MUSTER_OWNER_FIRMWARE_MAILBOX ||
                        range->owner == MUSTER_OWNER_FIRMWARE_LOOP ||
                        range->owner == MUSTER_OWNER_FIRMWARE_TABLES;
        if (firmware && range->type == MUSTER_MEMORY_USABLE)
            return range;
    }
    return NULL;
}

/* Its CPUs stand on it, so it is not the next kernel's: that gets a better map than we got. */
static void reserve_custody(void)
{
    const struct muster_memory_range *range;
    while ((range = usable_in_custody()) != NULL) {
        enum muster_status status = muster_memory_add(
            &kernel.map, range->start_phys, range->end_phys - range->start_phys, MUSTER_MEMORY_NVS);
        if (status)
            fatal_status(status, "keep the firmware's memory from the next kernel");
    }
}

/* Multiboot 2 gives a copy in memory that is free otherwise: the next kernel must not use it. */
static void keep_rsdp(void)
{
    const struct muster_memory_range *range = muster_memory_find(&kernel.map, payload.rsdp_phys);
    if (!payload.rsdp_phys || !range || range->type != MUSTER_MEMORY_USABLE)
        return;
    uint64_t start = page_down(payload.rsdp_phys);
    uint64_t end = page_up(payload.rsdp_phys + sizeof(struct acpi_rsdp));
    enum muster_status status =
        muster_memory_add(&kernel.map, start, end - start, MUSTER_MEMORY_ACPI);
    if (status)
        fatal_status(status, "keep the RSDP from the next kernel");
}

static void map_for_next(uint64_t start, uint64_t end, unsigned access)
{
    enum muster_status status = muster_paging_map(&tables, start, start, end - start, access);
    if (status)
        fatal_status(status, "map memory for the next kernel");
}

/* 4 GiB 1:1, RAM writable and executable as kernels expect it; what runs here is not both. */
static void build_tables(void)
{
    uint64_t phys = boot_payload_memory(&payload, TABLE_PAGES * PAGE_BYTES);
    if (!phys)
        fatal("there is no room for the next kernel's first page tables");
    enum muster_status status = muster_paging_init(&tables, &kernel.platform, paging_live_levels(),
                                                   true, phys, (uint64_t)TABLE_PAGES * PAGE_BYTES);
    if (status)
        fatal_status(status, "make the next kernel's first page tables");
    map_for_next(0, FOUR_GIB, MUSTER_PAGE_READ | MUSTER_PAGE_WRITE);
    for (uint32_t i = 0; i < kernel.map.count; i++) {
        const struct muster_memory_range *range = &kernel.map.ranges[i];
        uint64_t start = page_up(range->start_phys);
        uint64_t end = page_down(range->end_phys < FOUR_GIB ? range->end_phys : FOUR_GIB);
        if (range->type == MUSTER_MEMORY_USABLE && start < end)
            map_for_next(start, end, OS_RAM);
    }
    map_for_next((uint64_t)text_start, (uint64_t)text_end, MUSTER_PAGE_READ | MUSTER_PAGE_EXECUTE);
    map_for_next((uint64_t)rodata_start, (uint64_t)rodata_end, MUSTER_PAGE_READ);
    map_for_next((uint64_t)data_start, (uint64_t)image_end, MUSTER_PAGE_READ | MUSTER_PAGE_WRITE);
}

void next_boot(void)
{
    struct boot_jump jump;
    uint64_t start = time_now_ns();
    reserve_custody();
    keep_rsdp();
    build_tables();
    const char *error = boot_payload_load(&payload, &jump);
    if (error)
        fatal("the next kernel: %s", error);
    uint32_t handed_back = hand_back_all();
    uint64_t took_ns = time_now_ns() - start;
    /* cli/machine/console.c knows the end of this line: what follows on this port is the next's. */
    console_printf("next: %u %s back in the firmware after %lu us; its kernel begins\n",
                   handed_back, plural(handed_back, "CPU is", "CPUs are"), took_ns / 1000);
    json_begin("kernel", "handover");
    json_number("handed_back", handed_back);
    json_number("ns", took_ns);
    json_end();
    evidence_leave(); /* boot_jump_to() takes it away */
    write_cr3(tables.root_phys);
    boot_jump_to(&jump);
}
