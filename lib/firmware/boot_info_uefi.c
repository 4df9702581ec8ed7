/* What UEFI leaves: its system table, which leads to the configuration table, and its memory map.
 */
#include "abi/efi.h"
#include "lib/firmware/boot_info.h"

#define TABLES_MOST 256u /* configuration tables: more are no honest firmware's */

static bool is_guid(const struct efi_configuration_table *entry, const struct efi_guid *guid)
{
    return memcmp(&entry->guid, guid, sizeof(*guid)) == 0;
}

/* RSDPs of both revisions may be there: the newer one counts. */
static void take_uefi_table(const struct efi_configuration_table *entry,
                            struct muster_boot_info *info, bool *has_new_rsdp)
{
    static const struct efi_guid acpi_10 = EFI_ACPI_10_TABLE_GUID;
    static const struct efi_guid acpi_20 = EFI_ACPI_20_TABLE_GUID;
    static const struct efi_guid dtb = EFI_DTB_TABLE_GUID;
    bool newer = is_guid(entry, &acpi_20);
    if (newer || (is_guid(entry, &acpi_10) && !*has_new_rsdp))
        info->rsdp_phys = (uint64_t)entry->table;
    *has_new_rsdp |= newer;
    if (is_guid(entry, &dtb))
        info->fdt_phys = (uint64_t)entry->table;
}

enum muster_status boot_info_find_uefi_tables(const struct muster_platform *platform,
                                              uint64_t system_table_phys,
                                              struct muster_boot_info *info)
{
    struct efi_system_table system;
    bool has_new_rsdp = false;
    if (!boot_info_copy(platform, system_table_phys, &system, sizeof(system)) ||
        system.header.signature != EFI_SYSTEM_TABLE_SIGNATURE || system.table_count > TABLES_MOST)
        return MUSTER_ERROR_BOOT_INFO;
    for (uint64_t i = 0; i < system.table_count; i++) {
        struct efi_configuration_table entry;
        if (!boot_info_copy(platform, (uint64_t)system.tables + i * sizeof(entry), &entry,
                            sizeof(entry)))
            return MUSTER_ERROR_BOOT_INFO;
        take_uefi_table(&entry, info, &has_new_rsdp);
    }
    return MUSTER_OK;
}

enum muster_status muster_boot_info_from_uefi(const struct muster_platform *platform,
                                              const struct muster_uefi *left,
                                              struct muster_boot_info *info,
                                              struct muster_memory_map *map)
{
    *info = (struct muster_boot_info){0};
    enum muster_status status = boot_info_find_uefi_tables(platform, left->system_table_phys, info);
    if (status)
        return status;
    const void *entries =
        left->map_bytes ? boot_info_map(platform, left->map_phys, left->map_bytes) : NULL;
    return entries ? muster_memory_add_efi(map, entries, left->map_bytes, left->entry_bytes)
                   : MUSTER_ERROR_BOOT_INFO;
}
