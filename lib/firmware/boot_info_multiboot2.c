/* What a Multiboot 2 loader leaves (specification 2.0, 3.6): a list of tags. */
#include "abi/acpi.h"
#include "abi/pvh.h"
#include "lib/firmware/multiboot2_tags.h"

/* What is read on the way. */
struct tag_reading {
    struct muster_boot_info *info;
    struct muster_memory_map *map;
    bool has_map;
    bool has_new_rsdp;
};

/* A copy may be longer than what its revision has; the newer one counts. */
static enum muster_status take_rsdp(struct tag_reading *reading, const struct multiboot2_tag *tag,
                                    uint64_t phys)
{
    bool newer = tag->type == MULTIBOOT2_TAG_RSDP_NEW;
    if (tag->bytes - sizeof(*tag) < (newer ? sizeof(struct acpi_rsdp) : ACPI_RSDP_V0_BYTES))
        return MUSTER_ERROR_BOOT_INFO;
    if (newer || !reading->has_new_rsdp)
        reading->info->rsdp_phys = phys + sizeof(*tag);
    reading->has_new_rsdp |= newer;
    return MUSTER_OK;
}

/* Multiboot 2 has no word for a device tree, either: ours is a module, as it is by PVH. */
static void take_module(struct tag_reading *reading, const uint8_t *start, uint32_t bytes)
{
    struct multiboot2_module_tag module;
    if (bytes < sizeof(module) + sizeof(PVH_MODULE_FDT) ||
        memcmp(start + sizeof(module), PVH_MODULE_FDT, sizeof(PVH_MODULE_FDT)) != 0)
        return;
    memcpy(&module, start, sizeof(module));
    reading->info->fdt_phys = module.start_phys;
}

static enum muster_status take_efi_map(struct tag_reading *reading, const uint8_t *start,
                                       uint32_t bytes)
{
    struct multiboot2_efi_mmap_tag tag;
    if (bytes < sizeof(tag))
        return MUSTER_ERROR_MAP_MALFORMED;
    memcpy(&tag, start, sizeof(tag));
    return muster_memory_restrict_efi(reading->map, start + sizeof(tag),
                                      bytes - (uint32_t)sizeof(tag), tag.entry_bytes);
}

/* @start: where the tag of @phys is mapped, all of it. */
static enum muster_status take_tag(struct tag_reading *reading, const struct multiboot2_tag *tag,
                                   const uint8_t *start, uint64_t phys)
{
    switch (tag->type) {
    case MULTIBOOT2_TAG_CMDLINE:
        reading->info->cmdline_phys = phys + sizeof(*tag);
        return MUSTER_OK;
    case MULTIBOOT2_TAG_MODULE:
        take_module(reading, start, tag->bytes);
        return MUSTER_OK;
    case MULTIBOOT2_TAG_MMAP:
        reading->has_map = true;
        return muster_memory_add_multiboot2(reading->map, start, tag->bytes);
    case MULTIBOOT2_TAG_EFI_MMAP:
        return take_efi_map(reading, start, tag->bytes);
    case MULTIBOOT2_TAG_RSDP_OLD:
    case MULTIBOOT2_TAG_RSDP_NEW:
        return take_rsdp(reading, tag, phys);
    case MULTIBOOT2_TAG_EFI_BS:
        return MUSTER_NOT_SUPPORTED;
    default:
        return MUSTER_OK;
    }
}

enum muster_status muster_boot_info_from_multiboot2(const struct muster_platform *platform,
                                                    uint64_t info_phys,
                                                    struct muster_boot_info *info,
                                                    struct muster_memory_map *map)
{
    struct tag_reading reading = {.info = info, .map = map};
    struct multiboot2_tags tags;
    *info = (struct muster_boot_info){0};
    if (!multiboot2_tags_open(&tags, platform, info_phys))
        return MUSTER_ERROR_BOOT_INFO;
    for (;;) {
        struct multiboot2_tag tag;
        const uint8_t *start;
        uint64_t phys = multiboot2_tags_next(&tags, &tag, &start);
        if (!phys)
            return MUSTER_ERROR_BOOT_INFO;
        if (tag.type == MULTIBOOT2_TAG_END)
            return reading.has_map ? MUSTER_OK : MUSTER_ERROR_BOOT_INFO;
        enum muster_status status = take_tag(&reading, &tag, start, phys);
        if (status)
            return status;
    }
}
