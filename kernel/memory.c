#include "kernel/memory.h"

#include "boot/console.h"
#include "boot/image.h"
#include "kernel/fatal.h"
#include "kernel/kernel.h"
#include "kernel/paging.h"

#define MEMORY_RANGES 1024u
#define MAX_MODULES   64u

static struct muster_memory_range ranges[MEMORY_RANGES];

bool memory_is_ram(enum muster_memory_type type)
{
    return type == MUSTER_MEMORY_USABLE || type == MUSTER_MEMORY_ACPI || type == MUSTER_MEMORY_NVS;
}

static void reserve(uint64_t start_phys, uint64_t bytes, enum muster_memory_owner owner,
                    const char *what)
{
    if (bytes == 0)
        return;
    uint64_t start = page_down(start_phys);
    enum muster_status status = muster_memory_reserve(
        &kernel.map, start, page_up(start_phys + bytes) - start, (uint32_t)owner);
    if (status != MUSTER_OK)
        fatal_status(status, what);
}

void memory_require_mapped(const char *what, uint64_t phys, uint64_t bytes)
{
    if (phys >= FOUR_GIB || bytes > FOUR_GIB - phys)
        fatal("the loader's %s at 0x%lx (0x%lx bytes) is not below 4 GiB, where the boot tables "
              "end",
              what, phys, bytes);
}

/* What the loader wrote for us and we read later, or might. Modules' contents nobody reads. */
static void reserve_boot_information(const struct pvh_start_info *info)
{
    const char *what = "keep the loader's information";
    reserve((uint64_t)info, sizeof(*info), MUSTER_OWNER_BOOT, what);
    reserve(info->memory_map_phys, info->memory_map_entries * sizeof(struct pvh_memory_entry),
            MUSTER_OWNER_BOOT, what);
    if (info->cmdline_phys)
        reserve(info->cmdline_phys, strlen((const char *)info->cmdline_phys) + 1, MUSTER_OWNER_BOOT,
                what);
    if (!info->modules_phys)
        return;
    if (info->module_count > MAX_MODULES)
        fatal("the start info lists %u modules; %u at most", info->module_count, MAX_MODULES);
    memory_require_mapped("module list", info->modules_phys,
                          info->module_count * sizeof(struct pvh_module));
    reserve(info->modules_phys, info->module_count * sizeof(struct pvh_module), MUSTER_OWNER_BOOT,
            what);
    const struct pvh_module *modules = (const struct pvh_module *)info->modules_phys;
    for (uint32_t i = 0; i < info->module_count; i++) {
        reserve(modules[i].start_phys, modules[i].bytes, MUSTER_OWNER_BOOT, what);
        if (modules[i].cmdline_phys)
            reserve(modules[i].cmdline_phys, strlen((const char *)modules[i].cmdline_phys) + 1,
                    MUSTER_OWNER_BOOT, what);
    }
}

static uint64_t usable_bytes(void)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < kernel.map.count; i++)
        if (ranges[i].type == MUSTER_MEMORY_USABLE)
            bytes += ranges[i].end_phys - ranges[i].start_phys;
    return bytes;
}

void memory_describe(const struct pvh_start_info *info)
{
    muster_memory_init(&kernel.map, ranges, MEMORY_RANGES);
    if (info->version < 1 || !info->memory_map_phys || !info->memory_map_entries)
        fatal("the start info (version %u) brings no memory map", info->version);
    memory_require_mapped("memory map", info->memory_map_phys,
                          info->memory_map_entries * sizeof(struct pvh_memory_entry));
    enum muster_status status = muster_memory_add_pvh(
        &kernel.map, (const void *)info->memory_map_phys, info->memory_map_entries);
    if (status != MUSTER_OK)
        fatal_status(status, "read the loader's memory map");
    console_printf("memory: %lu MiB usable, %u ranges, image at 0x%lx-0x%lx\n",
                   usable_bytes() / MIB, info->memory_map_entries, (uint64_t)image_start,
                   (uint64_t)image_end);
    uint64_t image = (uint64_t)image_start;
    reserve(image, (uint64_t)image_end - image, MUSTER_OWNER_IMAGE, "keep the kernel's image");
    /* Not to be used, nor mapped later, so that a null pointer faults. QEMU's loader writes here,
     * too, so it is the loader's. */
    reserve(0, PAGE_BYTES, MUSTER_OWNER_BOOT, "keep page 0");
    reserve_boot_information(info);
}

static bool module_is(const struct pvh_module *module, const char *name)
{
    uint64_t bytes = strlen(name) + 1;
    if (!module->cmdline_phys)
        return false;
    memory_require_mapped("module's command line", module->cmdline_phys, bytes);
    return strncmp((const char *)module->cmdline_phys, name, bytes) == 0;
}

/* The list has been checked and reserved by memory_describe(). */
uint64_t memory_module(const struct pvh_start_info *info, const char *name)
{
    const struct pvh_module *modules = (const struct pvh_module *)info->modules_phys;
    for (uint32_t i = 0; modules && i < info->module_count; i++) {
        if (!module_is(&modules[i], name))
            continue;
        memory_require_mapped("device tree", modules[i].start_phys, modules[i].bytes);
        return modules[i].start_phys;
    }
    return 0;
}

const struct pvh_module *memory_module_further(const struct pvh_start_info *info, uint32_t number)
{
    const struct pvh_module *modules = (const struct pvh_module *)info->modules_phys;
    for (uint32_t i = 0; modules && i < info->module_count; i++) {
        if (!modules[i].bytes || module_is(&modules[i], PVH_MODULE_FDT))
            continue;
        if (number-- == 0)
            return &modules[i];
    }
    return NULL;
}

void *memory_map_hook(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    /* A pointer to physical address 0 would be taken for none. */
    return phys != 0 && paging_maps(phys, phys + bytes) ? (void *)phys : NULL;
}
