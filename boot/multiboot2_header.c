#include "boot/multiboot2_header.h"

#include "boot/console.h"
#include "lib/firmware/multiboot2_tags.h"

/* A tag of the header, and as much of it as any that is known here has. */
union tag {
    struct multiboot2_header_tag any;
    struct multiboot2_header_address address;
    struct multiboot2_header_entry entry;
    struct multiboot2_header_relocatable relocatable;
};

static bool read_fixed(const struct boot_module *kernel, uint64_t offset,
                       struct multiboot2_header *header)
{
    memcpy(header, (const void *)(kernel->phys + offset), sizeof(*header));
    return header->magic == MULTIBOOT2_HEADER_MAGIC &&
           header->magic + header->architecture + header->bytes + header->checksum == 0;
}

bool multiboot2_header_find(const struct boot_module *kernel, uint64_t *offset)
{
    uint64_t limit =
        kernel->bytes < MULTIBOOT2_SEARCH_BYTES ? kernel->bytes : MULTIBOOT2_SEARCH_BYTES;
    struct multiboot2_header header;
    for (*offset = 0; *offset + sizeof(header) <= limit; *offset += MULTIBOOT2_HEADER_ALIGN)
        if (read_fixed(kernel, *offset, &header))
            return true;
    return false;
}

static char sentence[160];

static const char *refuse_request(uint32_t type)
{
    static const char *const names[] = {
        [5] = "the BIOS's boot device",
        [7] = "VBE",
        [8] = "a framebuffer",
        [9] = "the ELF's sections",
        [10] = "APM",
        [11] = "the EFI system table of 32 bits",
        [12] = "the EFI system table",
        [13] = "SMBIOS",
        [16] = "DHCP",
        [17] = "the EFI memory map",
        [18] = "EFI boot services",
        [19] = "the EFI image handle of 32 bits",
        [20] = "the EFI image handle",
    };
    const char *name = type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
    text_format(sentence, sizeof(sentence),
                "the Multiboot 2 header requires information tag %u (%s), which is not offered "
                "here",
                type, name ? name : "unknown");
    return sentence;
}

/* What is known but not there, as an RSDP on a machine without ACPI, is no reason to refuse. */
static bool is_offered(uint32_t type)
{
    switch (type) {
    case MULTIBOOT2_TAG_CMDLINE:
    case MULTIBOOT2_TAG_LOADER_NAME:
    case MULTIBOOT2_TAG_MODULE:
    case MULTIBOOT2_TAG_MEMORY:
    case MULTIBOOT2_TAG_MMAP:
    case MULTIBOOT2_TAG_RSDP_OLD:
    case MULTIBOOT2_TAG_RSDP_NEW:
    case MULTIBOOT2_TAG_LOAD_BASE:
        return true;
    default:
        return false;
    }
}

static const char *read_request(const uint8_t *place, const struct multiboot2_header_tag *tag)
{
    for (uint32_t at = sizeof(*tag); at + sizeof(uint32_t) <= tag->bytes; at += sizeof(uint32_t)) {
        uint32_t type;
        memcpy(&type, place + at, sizeof(type));
        if (!is_offered(type) && !(tag->flags & MULTIBOOT2_HEADER_OPTIONAL))
            return refuse_request(type);
    }
    return NULL;
}

static const char *refuse_tag(const struct multiboot2_header_tag *tag)
{
    static const char *const names[] = {
        [MULTIBOOT2_HEADER_CONSOLE] = "a console",
        [MULTIBOOT2_HEADER_FRAMEBUFFER] = "a framebuffer",
    };
    const char *name = tag->type < sizeof(names) / sizeof(names[0]) ? names[tag->type] : NULL;
    if (tag->flags & MULTIBOOT2_HEADER_OPTIONAL)
        return NULL;
    text_format(sentence, sizeof(sentence),
                "the Multiboot 2 header's tag %u (%s) is required, and not offered here", tag->type,
                name ? name : "unknown");
    return sentence;
}

static const char *read_relocatable(const struct multiboot2_header_relocatable *tag,
                                    struct loadable_bounds *bounds)
{
    if (!tag->align || (tag->align & (tag->align - 1)))
        return "the Multiboot 2 header's relocatable tag has an alignment that is no power of two";
    *bounds = (struct loadable_bounds){
        .movable = true,
        .align = tag->align,
        .lowest = tag->lowest_phys,
        .highest = tag->highest_phys,
        .preference = tag->preference == MULTIBOOT2_PREFER_LOW    ? LOADABLE_LOW
                      : tag->preference == MULTIBOOT2_PREFER_HIGH ? LOADABLE_HIGH
                                                                  : LOADABLE_AS_LINKED,
    };
    return NULL;
}

static uint32_t least_bytes(uint16_t type)
{
    switch (type) {
    case MULTIBOOT2_HEADER_ADDRESS:
        return sizeof(struct multiboot2_header_address);
    case MULTIBOOT2_HEADER_ENTRY:
        return sizeof(struct multiboot2_header_entry);
    case MULTIBOOT2_HEADER_RELOCATABLE:
        return sizeof(struct multiboot2_header_relocatable);
    default:
        return sizeof(struct multiboot2_header_tag);
    }
}

static const char *read_tag(const uint8_t *place, const union tag *tag,
                            struct multiboot2_wishes *wishes)
{
    switch (tag->any.type) {
    case MULTIBOOT2_HEADER_REQUEST:
        return read_request(place, &tag->any);
    case MULTIBOOT2_HEADER_ADDRESS:
        wishes->has_addresses = true;
        wishes->addresses =
            (struct multiboot_addresses){tag->address.header_phys, tag->address.load_phys,
                                         tag->address.load_end_phys, tag->address.bss_end_phys};
        return NULL;
    case MULTIBOOT2_HEADER_ENTRY:
        wishes->has_entry = true;
        wishes->entry_phys = tag->entry.entry_phys;
        return NULL;
    case MULTIBOOT2_HEADER_MODULES:
        wishes->align_modules = true;
        return NULL;
    case MULTIBOOT2_HEADER_EFI_BS: /* these three say what it can do where there is EFI */
    case MULTIBOOT2_HEADER_ENTRY_EFI32:
    case MULTIBOOT2_HEADER_ENTRY_EFI64:
        return NULL;
    case MULTIBOOT2_HEADER_RELOCATABLE:
        return read_relocatable(&tag->relocatable, &wishes->bounds);
    default:
        return refuse_tag(&tag->any);
    }
}

static const char *read_tags(const uint8_t *place, uint64_t left, struct multiboot2_wishes *wishes)
{
    while (left >= sizeof(struct multiboot2_header_tag)) {
        union tag tag = {0};
        memcpy(&tag, place, left < sizeof(tag) ? left : sizeof(tag));
        if (tag.any.type == MULTIBOOT2_HEADER_END)
            return NULL;
        if (tag.any.bytes < least_bytes(tag.any.type) || tag.any.bytes > left)
            break;
        const char *error = read_tag(place, &tag, wishes);
        if (error)
            return error;
        uint64_t step = multiboot2_tag_step(tag.any.bytes);
        if (step > left)
            break;
        place += step;
        left -= step;
    }
    return "a tag of the Multiboot 2 header has an impossible length, or the last one is missing";
}

const char *multiboot2_header_read(const struct boot_module *kernel,
                                   struct multiboot2_wishes *wishes)
{
    struct multiboot2_header header;
    *wishes = (struct multiboot2_wishes){0};
    if (!multiboot2_header_find(kernel, &wishes->offset))
        return "the kernel has no Multiboot 2 header";
    const uint8_t *place = (const uint8_t *)kernel->phys + wishes->offset;
    read_fixed(kernel, wishes->offset, &header);
    if (header.architecture != MULTIBOOT2_ARCHITECTURE)
        return "the Multiboot 2 header is for another architecture than x86";
    if (header.bytes < sizeof(header) || header.bytes > kernel->bytes - wishes->offset ||
        header.bytes > MULTIBOOT2_SEARCH_BYTES - wishes->offset)
        return "the Multiboot 2 header is longer than the file, or than the first 32 KiB";
    return read_tags(place + sizeof(header), header.bytes - sizeof(header), wishes);
}
