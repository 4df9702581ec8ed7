#include "boot/multiboot_kernel.h"

#include "abi/x86.h"

#define KIB            1024u
#define LOWER_MOST_KIB 640u

/* As a load address: the file from its beginning (2.0, 3.1.5). */
#define FROM_FILE_BEGIN UINT32_MAX

static const char *open_flat(const struct boot_module *file, uint64_t header_offset,
                             const struct multiboot_addresses *addresses, struct loadable *loadable)
{
    uint64_t load_phys = addresses->load_phys;
    if (addresses->load_phys == FROM_FILE_BEGIN)
        load_phys = addresses->header_phys - header_offset;
    if (load_phys > addresses->header_phys || addresses->header_phys - load_phys > header_offset)
        return "the Multiboot header's load address does not fit to where it is in the file";
    uint64_t offset = header_offset - (addresses->header_phys - load_phys);
    uint64_t file_bytes = file->bytes - offset;
    if (addresses->load_end_phys)
        file_bytes = addresses->load_end_phys - load_phys;
    uint64_t memory_bytes = file_bytes;
    if (addresses->bss_end_phys)
        memory_bytes = addresses->bss_end_phys - load_phys;
    return loadable_open_flat(file, offset, load_phys, file_bytes, memory_bytes, loadable);
}

const char *multiboot_open(const struct boot_module *file, uint64_t header_offset,
                           const struct multiboot_addresses *addresses, struct loadable *loadable)
{
    if (addresses)
        return open_flat(file, header_offset, addresses, loadable);
    if (!loadable_is_elf(file))
        return "the kernel's Multiboot header has no load addresses, and the kernel is no ELF";
    return loadable_open_elf(file, loadable);
}

const char *multiboot_check(const struct boot_payload *payload)
{
    if (payload->fdt_bytes && !payload->rsdp_phys)
        return "Multiboot has no word for a device tree: leave tables=fdt out";
    return NULL;
}

static const char *align(const struct boot_payload *payload, struct boot_module *module)
{
    if (module->phys % PAGE_BYTES == 0)
        return NULL;
    return boot_payload_move(payload, module, FOUR_GIB);
}

const char *multiboot_align_modules(const struct boot_payload *payload, struct boot_module *initrd,
                                    struct boot_module *further)
{
    const char *error = align(payload, initrd);
    return error ? error : align(payload, further);
}

static uint64_t usable_from(const struct muster_memory_map *map, uint64_t phys)
{
    struct e820_entry range;
    uint32_t next = 0;
    while (boot_payload_range(map, &next, &range))
        if (range.type == E820_USABLE && phys >= range.start_phys &&
            phys - range.start_phys < range.bytes)
            return range.start_phys + range.bytes - phys;
    return 0;
}

void multiboot_memory_kib(const struct muster_memory_map *map, uint32_t *lower, uint32_t *upper)
{
    uint64_t low = usable_from(map, 0) / KIB;
    uint64_t high = usable_from(map, ONE_MIB) / KIB;
    *lower = (uint32_t)(low < LOWER_MOST_KIB ? low : LOWER_MOST_KIB);
    *upper = (uint32_t)(high < UINT32_MAX ? high : UINT32_MAX);
}
