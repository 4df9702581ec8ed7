/*
 * Firmware's and loaders' ways to write a memory map down. Each entry is copied out once before
 * it is looked at: its place may be unaligned, and what is checked must be what is used. Entries
 * before a bad one stay in the map, which only ever makes it more careful.
 */
#include <muster/memory.h>

#include "abi/e820.h"
#include "abi/efi.h"
#include "abi/multiboot.h"
#include "abi/multiboot2.h"
#include "abi/pvh.h"
#include "lib/memory/efi_type.h"
#include "lib/memory_functions.h"

enum muster_memory_type muster_memory_type_from_e820(uint32_t e820_type)
{
    switch (e820_type) {
    case E820_USABLE:
        return MUSTER_MEMORY_USABLE;
    case E820_ACPI:
        return MUSTER_MEMORY_ACPI;
    case E820_NVS:
        return MUSTER_MEMORY_NVS;
    case E820_UNUSABLE:
        return MUSTER_MEMORY_UNUSABLE;
    default:
        return MUSTER_MEMORY_RESERVED;
    }
}

uint32_t muster_memory_type_to_e820(enum muster_memory_type type)
{
    switch (type) {
    case MUSTER_MEMORY_USABLE:
        return E820_USABLE;
    case MUSTER_MEMORY_ACPI:
        return E820_ACPI;
    case MUSTER_MEMORY_NVS:
        return E820_NVS;
    case MUSTER_MEMORY_UNUSABLE:
        return E820_UNUSABLE;
    case MUSTER_MEMORY_RESERVED:
        break;
    }
    return E820_RESERVED;
}

enum muster_status muster_memory_add_e820(struct muster_memory_map *map, const void *entries,
                                          uint32_t count)
{
    const struct e820_entry *next = entries;
    enum muster_status status = MUSTER_OK;

    for (; count > 0 && status == MUSTER_OK; count--, next++) {
        struct e820_entry entry;

        memcpy(&entry, next, sizeof(entry));
        status = muster_memory_add(map, entry.start_phys, entry.bytes,
                                   muster_memory_type_from_e820(entry.type));
    }
    return status;
}

enum muster_status muster_memory_add_pvh(struct muster_memory_map *map, const void *entries,
                                         uint32_t count)
{
    const uint8_t *next = entries;
    enum muster_status status = MUSTER_OK;

    for (; count > 0 && status == MUSTER_OK; count--, next += sizeof(struct pvh_memory_entry)) {
        struct pvh_memory_entry entry;

        memcpy(&entry, next, sizeof(entry));
        status = muster_memory_add(map, entry.start_phys, entry.bytes,
                                   muster_memory_type_from_e820(entry.type));
    }
    return status;
}

enum muster_status muster_memory_add_multiboot(struct muster_memory_map *map, const void *mmap,
                                               uint32_t bytes)
{
    const uint8_t *next = mmap;
    enum muster_status status = MUSTER_OK;

    while (bytes > 0 && status == MUSTER_OK) {
        struct multiboot_mmap_entry entry;

        if (bytes < sizeof(entry))
            return MUSTER_ERROR_MAP_MALFORMED;
        memcpy(&entry, next, sizeof(entry));
        /* Its size leaves itself out; it may be larger than what we know of an entry. */
        if (entry.size < sizeof(entry) - sizeof(entry.size) ||
            entry.size > bytes - sizeof(entry.size))
            return MUSTER_ERROR_MAP_MALFORMED;
        status = muster_memory_add(map, entry.start_phys, entry.bytes,
                                   muster_memory_type_from_e820(entry.type));
        next += sizeof(entry.size) + entry.size;
        bytes -= (uint32_t)sizeof(entry.size) + entry.size;
    }
    return status;
}

enum muster_status muster_memory_add_multiboot2(struct muster_memory_map *map, const void *tag,
                                                uint32_t bytes)
{
    struct multiboot2_mmap_tag header;
    const uint8_t *next = tag;
    enum muster_status status = MUSTER_OK;
    uint32_t left;

    if (bytes < sizeof(header))
        return MUSTER_ERROR_MAP_MALFORMED;
    memcpy(&header, next, sizeof(header));
    if (header.type != MULTIBOOT2_TAG_MMAP || header.size < sizeof(header) || header.size > bytes)
        return MUSTER_ERROR_MAP_MALFORMED;
    left = header.size - (uint32_t)sizeof(header);
    if (header.entry_size < sizeof(struct multiboot2_mmap_entry) || header.entry_size % 8 != 0 ||
        left % header.entry_size != 0)
        return MUSTER_ERROR_MAP_MALFORMED;

    next += sizeof(header);
    for (; left > 0 && status == MUSTER_OK; left -= header.entry_size, next += header.entry_size) {
        struct multiboot2_mmap_entry entry;

        memcpy(&entry, next, sizeof(entry));
        status = muster_memory_add(map, entry.start_phys, entry.bytes,
                                   muster_memory_type_from_e820(entry.type));
    }
    return status;
}

static enum muster_status add_efi_entry(struct muster_memory_map *map,
                                        const struct efi_memory_descriptor *entry,
                                        enum muster_memory_type least)
{
    enum muster_memory_type type = muster_memory_type_from_e820(e820_of_efi(entry));

    if (type < least)
        return MUSTER_OK;
    if (entry->pages > UINT64_MAX / EFI_PAGE_BYTES)
        return MUSTER_ERROR_RANGE_INVALID;
    return muster_memory_add(map, entry->start_phys, entry->pages * EFI_PAGE_BYTES, type);
}

/* All that is of type @least or of a more restrictive one. */
static enum muster_status add_efi(struct muster_memory_map *map, const uint8_t *next,
                                  uint32_t bytes, uint32_t entry_bytes,
                                  enum muster_memory_type least)
{
    enum muster_status status = MUSTER_OK;

    if (entry_bytes < sizeof(struct efi_memory_descriptor))
        return MUSTER_ERROR_MAP_MALFORMED;
    for (; bytes >= entry_bytes && status == MUSTER_OK; bytes -= entry_bytes, next += entry_bytes) {
        struct efi_memory_descriptor entry;

        memcpy(&entry, next, sizeof(entry));
        status = add_efi_entry(map, &entry, least);
    }
    return status == MUSTER_OK && bytes ? MUSTER_ERROR_MAP_MALFORMED : status;
}

enum muster_status muster_memory_add_efi(struct muster_memory_map *map, const void *descriptors,
                                         uint32_t bytes, uint32_t entry_bytes)
{
    return add_efi(map, descriptors, bytes, entry_bytes, MUSTER_MEMORY_USABLE);
}

enum muster_status muster_memory_restrict_efi(struct muster_memory_map *map,
                                              const void *descriptors, uint32_t bytes,
                                              uint32_t entry_bytes)
{
    return add_efi(map, descriptors, bytes, entry_bytes, MUSTER_MEMORY_ACPI);
}
