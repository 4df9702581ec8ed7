#include "boot/efi/information.h"

#include "abi/acpi.h"
#include "abi/e820.h"
#include "abi/modules_file.h"
#include "abi/multiboot2.h"
#include "boot/console.h"
#include "lib/firmware/multiboot2_tags.h"
#include "lib/memory/efi_type.h"

static void *add_tag(struct information *information, uint32_t type, uint64_t bytes)
{
    struct multiboot2_tag *tag = (struct multiboot2_tag *)information->next;
    *tag = (struct multiboot2_tag){type, (uint32_t)bytes};
    information->next += multiboot2_tag_step(bytes);
    return tag;
}

/* What firmware offers as an initrd. */
struct initrd {
    uint64_t phys, bytes;
};

static uint64_t module_bytes(const char *words)
{
    return sizeof(struct multiboot2_module_tag) + strlen(words) + 1;
}

static void add_module(struct information *information, uint64_t phys, uint64_t bytes,
                       const char *words)
{
    if (!bytes)
        return;
    struct multiboot2_module_tag *tag =
        add_tag(information, MULTIBOOT2_TAG_MODULE, module_bytes(words));
    tag->start_phys = (uint32_t)phys;
    tag->end_phys = (uint32_t)(phys + bytes);
    memcpy(tag + 1, words, strlen(words) + 1);
}

/* The file of several, if it is one, and all it says lies within it; else NULL. */
static const struct modules_file *open_modules(const struct initrd *initrd)
{
    const struct modules_file *file = (const struct modules_file *)initrd->phys;
    const char *end = (const char *)file + initrd->bytes;
    if (initrd->bytes < sizeof(*file) || file->magic != MODULES_FILE_MAGIC ||
        file->count > MODULES_FILE_MOST || end[-1])
        return NULL;
    for (uint64_t i = 0; i < file->count; i++) {
        const struct modules_file_entry *entry = &file->entries[i];
        if (entry->offset > initrd->bytes || entry->bytes > initrd->bytes - entry->offset ||
            entry->words_offset >= initrd->bytes)
            return NULL;
    }
    return file;
}

static const char *words_of(const struct modules_file *file, uint64_t number)
{
    return (const char *)file + file->entries[number].words_offset;
}

static uint64_t modules_bytes(const struct initrd *initrd)
{
    const struct modules_file *file = open_modules(initrd);
    uint64_t bytes = multiboot2_tag_step(module_bytes(""));
    for (uint64_t i = 0; file && i < file->count; i++)
        bytes += multiboot2_tag_step(module_bytes(words_of(file, i)));
    return bytes;
}

static void add_modules(struct information *information, const struct initrd *initrd)
{
    const struct modules_file *file = open_modules(initrd);
    if (!file)
        add_module(information, initrd->phys, initrd->bytes, "");
    for (uint64_t i = 0; file && i < file->count; i++)
        add_module(information, initrd->phys + file->entries[i].offset, file->entries[i].bytes,
                   words_of(file, i));
}

static void add_rsdp(struct information *information, const struct efi *efi)
{
    const struct acpi_rsdp *rsdp = efi_rsdp(efi);
    if (!rsdp)
        return;
    bool newer = rsdp->revision >= ACPI_RSDP_EXTENDED_REVISION;
    uint32_t bytes = newer ? sizeof(*rsdp) : ACPI_RSDP_V0_BYTES;
    struct multiboot2_tag *tag =
        add_tag(information, newer ? MULTIBOOT2_TAG_RSDP_NEW : MULTIBOOT2_TAG_RSDP_OLD,
                sizeof(*tag) + bytes);
    memcpy(tag + 1, rsdp, bytes);
}

static uint64_t most_bytes(uint64_t options, const struct initrd *initrd, const struct efi_map *map)
{
    uint64_t entries = map->room / sizeof(struct efi_memory_descriptor);
    return sizeof(struct multiboot2_information) +
           multiboot2_tag_step(sizeof(struct multiboot2_tag) + options + 1) +
           modules_bytes(initrd) +
           multiboot2_tag_step(sizeof(struct multiboot2_tag) + sizeof(struct acpi_rsdp)) +
           multiboot2_tag_step(sizeof(struct multiboot2_efi_mmap_tag) + map->room) +
           sizeof(struct multiboot2_mmap_tag) + entries * sizeof(struct multiboot2_mmap_entry) +
           sizeof(struct multiboot2_tag);
}

void information_begin(struct efi *efi, struct information *information, const struct efi_map *map)
{
    struct initrd initrd = {0};
    initrd.bytes = efi_initrd(efi, &initrd.phys);
    uint64_t options = efi_options(efi, NULL);
    information->start = efi_allocate(efi, most_bytes(options, &initrd, map));
    information->next = (uint8_t *)information->start + sizeof(struct multiboot2_information);
    struct multiboot2_tag *cmdline =
        add_tag(information, MULTIBOOT2_TAG_CMDLINE, sizeof(*cmdline) + options + 1);
    efi_options(efi, (char *)(cmdline + 1));
    ((char *)(cmdline + 1))[options] = 0;
    add_modules(information, &initrd);
    add_rsdp(information, efi);
}

static const struct efi_memory_descriptor *entry_at(const struct efi_map *map, uint64_t number)
{
    return (const struct efi_memory_descriptor *)(map->entries + number * map->entry_bytes);
}

static void add_e820(struct information *information, const struct efi_map *map)
{
    uint64_t count = map->bytes / map->entry_bytes;
    struct multiboot2_mmap_tag *tag =
        add_tag(information, MULTIBOOT2_TAG_MMAP,
                sizeof(*tag) + count * sizeof(struct multiboot2_mmap_entry));
    struct multiboot2_mmap_entry *to = (struct multiboot2_mmap_entry *)(tag + 1);
    tag->entry_size = sizeof(*to);
    tag->entry_version = 0;
    for (uint64_t i = 0; i < count; i++) {
        const struct efi_memory_descriptor *from = entry_at(map, i);
        to[i] = (struct multiboot2_mmap_entry){
            .start_phys = from->start_phys,
            .bytes = from->pages * EFI_PAGE_BYTES,
            .type = e820_of_efi(from),
        };
    }
}

void information_end(struct information *information, const struct efi_map *map)
{
    struct multiboot2_efi_mmap_tag *tag =
        add_tag(information, MULTIBOOT2_TAG_EFI_MMAP, sizeof(*tag) + map->bytes);
    tag->entry_bytes = (uint32_t)map->entry_bytes;
    tag->entry_version = map->version;
    memcpy(tag + 1, map->entries, map->bytes);
    add_e820(information, map);
    add_tag(information, MULTIBOOT2_TAG_END, sizeof(struct multiboot2_tag));
    *(struct multiboot2_information *)information->start = (struct multiboot2_information){
        (uint32_t)((uint64_t)information->next - information->start), 0};
}
