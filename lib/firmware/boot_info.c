/* What PVH's, Multiboot 1's and Linux's loaders leave; the others': boot_info_*.c. */
#include "abi/linux_boot.h"
#include "abi/multiboot.h"
#include "abi/pvh.h"
#include "lib/firmware/boot_info.h"

#define MODULES_MOST    64u /* of PVH's: more are no honest loader's */
#define SETUP_DATA_MOST 64u /* of Linux's: a list that leads back into itself ends here */

/* ---- PVH ---- */

static bool is_device_tree(const struct muster_platform *platform, const struct pvh_module *module)
{
    char words[sizeof(PVH_MODULE_FDT)];
    return module->bytes && module->cmdline_phys &&
           boot_info_copy(platform, module->cmdline_phys, words, sizeof(words)) &&
           memcmp(words, PVH_MODULE_FDT, sizeof(words)) == 0;
}

static enum muster_status find_pvh_tree(const struct muster_platform *platform,
                                        const struct pvh_start_info *start, uint64_t *fdt_phys)
{
    if (start->modules_phys && start->module_count > MODULES_MOST)
        return MUSTER_ERROR_BOOT_INFO;
    for (uint32_t i = 0; start->modules_phys && i < start->module_count; i++) {
        struct pvh_module module;
        if (!boot_info_copy(platform, start->modules_phys + i * sizeof(module), &module,
                            sizeof(module)))
            return MUSTER_ERROR_BOOT_INFO;
        if (is_device_tree(platform, &module))
            *fdt_phys = module.start_phys;
    }
    return MUSTER_OK;
}

enum muster_status muster_boot_info_from_pvh(const struct muster_platform *platform,
                                             uint64_t start_phys, struct muster_boot_info *info,
                                             struct muster_memory_map *map)
{
    struct pvh_start_info start;
    *info = (struct muster_boot_info){0};
    if (!boot_info_copy(platform, start_phys, &start, sizeof(start)) ||
        start.magic != PVH_START_MAGIC || start.version < 1 || !start.memory_map_entries)
        return MUSTER_ERROR_BOOT_INFO;
    info->rsdp_phys = start.rsdp_phys;
    info->cmdline_phys = start.cmdline_phys;
    const void *entries =
        boot_info_map(platform, start.memory_map_phys,
                      (uint64_t)start.memory_map_entries * sizeof(struct pvh_memory_entry));
    if (!entries)
        return MUSTER_ERROR_BOOT_INFO;
    enum muster_status status = find_pvh_tree(platform, &start, &info->fdt_phys);
    return status ? status : muster_memory_add_pvh(map, entries, start.memory_map_entries);
}

/* ---- Multiboot 1 ---- */

enum muster_status muster_boot_info_from_multiboot(const struct muster_platform *platform,
                                                   uint64_t info_phys,
                                                   struct muster_boot_info *info,
                                                   struct muster_memory_map *map)
{
    struct multiboot_info left;
    *info = (struct muster_boot_info){0};
    if (!boot_info_copy(platform, info_phys, &left, sizeof(left)) ||
        !(left.flags & MULTIBOOT_INFO_MMAP))
        return MUSTER_ERROR_BOOT_INFO;
    if (left.flags & MULTIBOOT_INFO_CMDLINE)
        info->cmdline_phys = left.cmdline;
    const void *mmap = boot_info_map(platform, left.mmap, left.mmap_bytes);
    return mmap ? muster_memory_add_multiboot(map, mmap, left.mmap_bytes) : MUSTER_ERROR_BOOT_INFO;
}

/* ---- Linux ---- */

static enum muster_status take_setup_data(const struct muster_platform *platform, uint64_t phys,
                                          const struct linux_setup_data *data,
                                          struct muster_boot_info *info,
                                          struct muster_memory_map *map)
{
    if (data->type == LINUX_SETUP_DTB)
        info->fdt_phys = phys + sizeof(*data);
    if (data->type != LINUX_SETUP_E820_EXT)
        return MUSTER_OK;
    const void *entries = boot_info_map(platform, phys + sizeof(*data), data->len);
    return entries ? muster_memory_add_e820(map, entries, data->len / sizeof(struct e820_entry))
                   : MUSTER_ERROR_BOOT_INFO;
}

static enum muster_status walk_setup_data(const struct muster_platform *platform, uint64_t phys,
                                          struct muster_boot_info *info,
                                          struct muster_memory_map *map)
{
    enum muster_status status = MUSTER_OK;
    for (uint32_t i = 0; phys && status == MUSTER_OK; i++) {
        struct linux_setup_data data;
        if (i == SETUP_DATA_MOST || !boot_info_copy(platform, phys, &data, sizeof(data)))
            return MUSTER_ERROR_BOOT_INFO;
        status = take_setup_data(platform, phys, &data, info, map);
        phys = data.next_phys;
    }
    return status;
}

enum muster_status muster_boot_info_from_linux(const struct muster_platform *platform,
                                               uint64_t params_phys, struct muster_boot_info *info,
                                               struct muster_memory_map *map)
{
    const struct linux_boot_params *params =
        boot_info_map(platform, params_phys, sizeof(struct linux_boot_params));
    *info = (struct muster_boot_info){0};
    if (!params)
        return MUSTER_ERROR_BOOT_INFO;
    const struct linux_setup_header setup = params->setup;
    const uint32_t entries = params->e820_entries;
    if (setup.header != LINUX_HEADER_MAGIC || setup.version < LINUX_PROTOCOL_64 || !entries ||
        entries > LINUX_E820_ENTRIES)
        return MUSTER_ERROR_BOOT_INFO;
    info->rsdp_phys = params->acpi_rsdp_addr;
    info->cmdline_phys = (uint64_t)params->ext_cmd_line_ptr << 32 | setup.cmd_line_ptr;
    enum muster_status status = muster_memory_add_e820(map, params->e820, entries);
    return status ? status : walk_setup_data(platform, setup.setup_data, info, map);
}
