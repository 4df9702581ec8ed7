/* A Linux bzImage by the 64-bit boot protocol (Documentation/arch/x86/boot.rst). */
#include "abi/linux_boot.h"
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/payload.h"

static const struct linux_setup_header *header_of(const struct boot_module *kernel)
{
    return (const void *)(kernel->phys + LINUX_SETUP_OFFSET);
}

bool bzimage_is(const struct boot_module *kernel)
{
    return kernel->bytes >= LINUX_SETUP_OFFSET + sizeof(struct linux_setup_header) &&
           header_of(kernel)->header == LINUX_HEADER_MAGIC;
}

static uint64_t setup_bytes(const struct linux_setup_header *header)
{
    uint64_t sectors = header->setup_sects ? header->setup_sects : LINUX_SETUP_SECTORS;
    return (sectors + 1) * LINUX_SECTOR_BYTES;
}

static const char *check(const struct boot_payload *payload,
                         const struct linux_setup_header *header)
{
    if (header->version < LINUX_PROTOCOL_64 || !(header->xloadflags & LINUX_XLF_KERNEL_64))
        return "the bzImage has no 64-bit entry point (boot protocol 2.12 is needed)";
    if (!(header->loadflags & LINUX_LOADED_HIGH))
        return "the file is a zImage, not a bzImage";
    if (payload->further.bytes)
        return "a bzImage takes an initrd and no further module";
    /* In paragraphs, and not every file is filled up to the end of its last (memtest86+ 6.10). */
    if (payload->kernel.bytes <= setup_bytes(header) ||
        (uint64_t)header->syssize * LINUX_PARAGRAPH_BYTES >=
            payload->kernel.bytes - setup_bytes(header) + LINUX_PARAGRAPH_BYTES)
        return "the bzImage is shorter than its header says: the file is cut off";
    if (header->init_size < payload->kernel.bytes - setup_bytes(header))
        return "the bzImage's header says that it needs less memory than its file has";
    if (header->pref_address >= FOUR_GIB || header->init_size > FOUR_GIB - header->pref_address)
        return "the bzImage's header asks for memory beyond 4 GiB";
    if (strlen(payload->cmdline) > header->cmdline_size)
        return "the command line is longer than this kernel takes";
    return NULL;
}

/* Out of the kernel's way, and below what this Linux can reach: it stays if it is already. */
static const char *place_initrd(const struct boot_payload *payload,
                                struct linux_boot_params *params)
{
    const struct linux_setup_header *header = &params->setup;
    struct boot_module initrd = payload->initrd;
    uint64_t limit = (uint64_t)header->initrd_addr_max + 1;
    if (!initrd.bytes)
        return NULL;
    if (initrd.phys < header->pref_address + header->init_size ||
        initrd.phys + initrd.bytes > limit) {
        const char *error = boot_payload_move(payload, &initrd, limit);
        if (error)
            return error;
    }
    params->setup.ramdisk_image = (uint32_t)initrd.phys;
    params->setup.ramdisk_size = (uint32_t)initrd.bytes;
    return NULL;
}

/* Where it prefers to be, else anywhere that suits it. The file itself may lie in the way. */
static const char *place_kernel(const struct boot_payload *payload,
                                const struct linux_setup_header *header, uint64_t *load_phys)
{
    uint64_t bytes = header->init_size;
    struct boot_module kernel = payload->kernel;
    muster_memory_release_range(payload->map, kernel.phys, kernel.bytes, MUSTER_OWNER_BOOT);
    *load_phys = header->pref_address;
    const struct muster_memory_range *range = muster_memory_find(payload->map, *load_phys);
    bool free = range && range->type == MUSTER_MEMORY_USABLE && range->owner == MUSTER_OWNER_NONE &&
                range->end_phys - *load_phys >= bytes;
    if (free)
        muster_memory_reserve(payload->map, *load_phys, bytes, BOOT_OWNER_PAYLOAD);
    else if (!header->relocatable_kernel ||
             muster_memory_allocate(payload->map, bytes, header->kernel_alignment, ONE_MIB,
                                    FOUR_GIB, BOOT_OWNER_PAYLOAD, load_phys))
        return "there is no room for the kernel: give the machine more memory";
    uint64_t skipped = setup_bytes(header);
    memmove((void *)*load_phys, (const void *)(kernel.phys + skipped), kernel.bytes - skipped);
    return NULL;
}

static const char *fill_map(const struct muster_memory_map *map, struct linux_boot_params *params)
{
    struct e820_entry range;
    uint32_t next = 0;
    while (boot_payload_range(map, &next, &range)) {
        if (params->e820_entries == LINUX_E820_ENTRIES)
            return "the memory map has more than 128 ranges";
        params->e820[params->e820_entries++] = range;
    }
    return NULL;
}

/* QEMU's fw_cfg leads the kernel's own setup_data to where its loader would be: it starts anew. */
static const char *place_tree(const struct boot_payload *payload, struct linux_boot_params *params,
                              struct boot_jump *jump)
{
    params->setup.setup_data = 0;
    if (!payload->fdt_bytes)
        return NULL;
    uint64_t phys =
        boot_payload_memory(payload, sizeof(struct linux_setup_data) + payload->fdt_bytes);
    if (!phys)
        return "there is no room for the device tree";
    *(struct linux_setup_data *)phys = (struct linux_setup_data){
        .type = LINUX_SETUP_DTB,
        .len = (uint32_t)payload->fdt_bytes,
    };
    params->setup.setup_data = phys;
    jump->fdt_phys = phys + sizeof(struct linux_setup_data);
    return NULL;
}

const char *bzimage_load(const struct boot_payload *payload, struct boot_jump *jump)
{
    struct linux_setup_header header = *header_of(&payload->kernel);
    const char *error = check(payload, &header);
    if (error)
        return error;
    uint64_t cmdline_bytes = strlen(payload->cmdline) + 1;
    uint64_t params_phys = boot_payload_memory(payload, sizeof(struct linux_boot_params));
    uint64_t cmdline_phys = boot_payload_memory(payload, cmdline_bytes);
    if (!params_phys || !cmdline_phys)
        return "there is no room for Linux's boot parameters";
    memcpy((void *)cmdline_phys, payload->cmdline, cmdline_bytes);
    struct linux_boot_params *params = (void *)params_phys;
    /* Only as much of the header as this kernel has; the rest stays zero. */
    size_t header_bytes = 0x202 + (header.jump >> 8) - LINUX_SETUP_OFFSET;
    memcpy(&params->setup, &header, header_bytes < sizeof(header) ? header_bytes : sizeof(header));
    params->setup.type_of_loader = LINUX_LOADER_UNDEFINED;
    params->setup.cmd_line_ptr = (uint32_t)cmdline_phys;
    params->acpi_rsdp_addr = payload->rsdp_phys;
    uint64_t load_phys = 0;
    *jump = (struct boot_jump){.long_mode = true, .argument = params_phys};
    error = place_tree(payload, params, jump);
    if (!error)
        error = place_initrd(payload, params);
    if (!error)
        error = place_kernel(payload, &header, &load_phys);
    if (!error)
        error = fill_map(payload->map, params);
    params->setup.code32_start = (uint32_t)load_phys;
    jump->entry_phys = load_phys + LINUX_ENTRY_64;
    jump->initrd_phys = params->setup.ramdisk_image;
    return error;
}
