/* What a loader by the Limine boot protocol answers. */
#include "abi/limine.h"
#include "lib/firmware/boot_info.h"

#define ENTRIES_MOST 65536u /* of a memory map: more are no honest loader's */

/*
 * Pointers are the loader's, who has put the direct map's offset into them; into that of the RSDP
 * some base revisions put none. No memory lies as high as the direct map, so that one can tell.
 */
static uint64_t phys_of(const struct muster_limine *left, uint64_t address)
{
    return address >= left->hhdm_offset ? address - left->hhdm_offset : address;
}

/* What a response points to. One that is not there points to nothing. */
static enum muster_status take_pointer(const struct muster_platform *platform,
                                       const struct muster_limine *left, uint64_t response,
                                       uint64_t *phys)
{
    struct limine_pointer_response got;
    if (!response)
        return MUSTER_OK;
    if (!boot_info_copy(platform, phys_of(left, response), &got, sizeof(got)))
        return MUSTER_ERROR_BOOT_INFO;
    *phys = got.address ? phys_of(left, got.address) : 0;
    return MUSTER_OK;
}

static enum muster_memory_type type_of(uint64_t type)
{
    switch (type) {
    case LIMINE_MEMORY_USABLE:
    case LIMINE_MEMORY_LOADER:
    case LIMINE_MEMORY_EXECUTABLE:
        return MUSTER_MEMORY_USABLE;
    case LIMINE_MEMORY_ACPI_RECLAIMABLE:
        return MUSTER_MEMORY_ACPI;
    case LIMINE_MEMORY_ACPI_NVS:
        return MUSTER_MEMORY_NVS;
    case LIMINE_MEMORY_BAD:
        return MUSTER_MEMORY_UNUSABLE;
    default:
        return MUSTER_MEMORY_RESERVED;
    }
}

static enum muster_status add_entry(struct muster_memory_map *map,
                                    const struct limine_memory_entry *entry)
{
    enum muster_status status =
        muster_memory_add(map, entry->start_phys, entry->bytes, type_of(entry->type));
    if (!status && entry->type == LIMINE_MEMORY_LOADER)
        status = muster_memory_reserve(map, entry->start_phys, entry->bytes, MUSTER_OWNER_BOOT);
    if (!status && entry->type == LIMINE_MEMORY_EXECUTABLE)
        status = muster_memory_reserve(map, entry->start_phys, entry->bytes, MUSTER_OWNER_IMAGE);
    return status;
}

static enum muster_status take_memory(const struct muster_platform *platform,
                                      const struct muster_limine *left,
                                      struct muster_memory_map *map)
{
    struct limine_memory_response got;
    enum muster_status status = MUSTER_OK;
    if (!left->memory_map ||
        !boot_info_copy(platform, phys_of(left, left->memory_map), &got, sizeof(got)) ||
        !got.entry_count || got.entry_count > ENTRIES_MOST)
        return MUSTER_ERROR_BOOT_INFO;
    for (uint64_t i = 0; i < got.entry_count && !status; i++) {
        struct limine_memory_entry entry;
        uint64_t at;
        if (!boot_info_copy(platform, phys_of(left, got.entries) + i * sizeof(at), &at,
                            sizeof(at)) ||
            !boot_info_copy(platform, phys_of(left, at), &entry, sizeof(entry)))
            return MUSTER_ERROR_BOOT_INFO;
        status = add_entry(map, &entry);
    }
    return status;
}

enum muster_status muster_boot_info_from_limine(const struct muster_platform *platform,
                                                const struct muster_limine *left,
                                                struct muster_boot_info *info,
                                                struct muster_memory_map *map)
{
    *info = (struct muster_boot_info){0};
    enum muster_status status = take_pointer(platform, left, left->rsdp, &info->rsdp_phys);
    if (!status)
        status = take_pointer(platform, left, left->device_tree, &info->fdt_phys);
    if (!status)
        status = take_pointer(platform, left, left->cmdline, &info->cmdline_phys);
    return status ? status : take_memory(platform, left, map);
}
