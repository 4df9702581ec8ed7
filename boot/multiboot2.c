#include "boot/multiboot2.h"

#include "abi/acpi.h"
#include "abi/efi.h"
#include "boot/console.h"
#include "boot/multiboot2_tag.h"

/* A UEFI memory map and the sections of an ELF are the longest that comes. */
#define INFORMATION_MAX 0x400000u

/* One tag, within the information: @bytes of it are there. */
struct tag {
    uint32_t type;
    uint32_t bytes;
    const uint8_t *start;
};

/* The text from @offset on, if it ends within the tag; else NULL. */
static const char *text_in(const struct tag *tag, uint32_t offset)
{
    for (uint32_t at = offset; at < tag->bytes; at++)
        if (!tag->start[at])
            return (const char *)tag->start + offset;
    return NULL;
}

static const char *read_cmdline(struct multiboot2 *multiboot2, const struct tag *tag)
{
    multiboot2->cmdline = text_in(tag, sizeof(struct multiboot2_tag));
    return multiboot2->cmdline ? NULL : "the loader's command line does not end within its tag";
}

static const char *read_module(struct multiboot2 *multiboot2, const struct tag *tag)
{
    struct multiboot2_module_tag module;
    const char *cmdline = text_in(tag, sizeof(module));
    if (!cmdline)
        return "a module's command line does not end within its tag";
    memcpy(&module, tag->start, sizeof(module));
    if (module.start_phys >= module.end_phys)
        return "a module is empty, or ends before it starts";
    if (multiboot2->module_count == MULTIBOOT2_MODULES)
        return "the loader brings more than 16 modules";
    multiboot2->modules[multiboot2->module_count++] =
        (struct multiboot2_module){module.start_phys, module.end_phys, cmdline};
    return NULL;
}

/* A copy may be longer than what its revision has; the newer one counts. */
static const char *read_rsdp(struct multiboot2 *multiboot2, const struct tag *tag)
{
    bool newer = tag->type == MULTIBOOT2_TAG_RSDP_NEW;
    uint32_t wanted = newer ? sizeof(struct acpi_rsdp) : ACPI_RSDP_V0_BYTES;
    if (tag->bytes - sizeof(struct multiboot2_tag) < wanted)
        return "the loader's copy of the RSDP is cut off";
    if (newer || !multiboot2->rsdp)
        multiboot2->rsdp = tag->start + sizeof(struct multiboot2_tag);
    return NULL;
}

static const char *read_screen(struct multiboot2 *multiboot2, const struct tag *tag)
{
    multiboot2->screen_tag = tag->start;
    multiboot2->screen_tag_bytes = tag->bytes;
    return multiboot2_read_screen(&multiboot2->screen, tag->start, tag->bytes);
}

static const char *read_tag(struct multiboot2 *multiboot2, const struct tag *tag)
{
    switch (tag->type) {
    case MULTIBOOT2_TAG_CMDLINE:
        return read_cmdline(multiboot2, tag);
    case MULTIBOOT2_TAG_MODULE:
        return read_module(multiboot2, tag);
    case MULTIBOOT2_TAG_MMAP:
        multiboot2->mmap = tag->start;
        multiboot2->mmap_bytes = tag->bytes;
        return NULL;
    case MULTIBOOT2_TAG_EFI_MMAP:
        multiboot2->efi_mmap = tag->start;
        multiboot2->efi_mmap_bytes = tag->bytes;
        return NULL;
    case MULTIBOOT2_TAG_FRAMEBUFFER:
        return read_screen(multiboot2, tag);
    case MULTIBOOT2_TAG_RSDP_OLD:
    case MULTIBOOT2_TAG_RSDP_NEW:
        return read_rsdp(multiboot2, tag);
    case MULTIBOOT2_TAG_EFI_BS:
        return "the loader has left UEFI's boot services running, and their APs with them";
    default:
        return NULL;
    }
}

/* The tag at @at, if it lies whole before @end. */
static bool open_tag(const uint8_t *at, const uint8_t *end, struct tag *tag)
{
    struct multiboot2_tag header;
    if ((size_t)(end - at) < sizeof(header))
        return false;
    memcpy(&header, at, sizeof(header));
    *tag = (struct tag){header.type, header.bytes, at};
    return header.bytes >= sizeof(header) && header.bytes <= (size_t)(end - at);
}

static const char *read_tags(struct multiboot2 *multiboot2, const uint8_t *at, const uint8_t *end)
{
    struct tag tag;
    for (;;) {
        if (!open_tag(at, end, &tag))
            return "a tag runs past the end of the Multiboot information, or there is no last one";
        if (tag.type == MULTIBOOT2_TAG_END)
            return NULL;
        const char *error = read_tag(multiboot2, &tag);
        if (error)
            return error;
        /* The last tag before the end may be cut short of its padding: no next one then. */
        uint64_t step = multiboot2_tag_step(tag.bytes);
        at = step < (size_t)(end - at) ? at + step : end;
    }
}

/* A piece of memory that the loader hands over. */
struct piece {
    uint64_t phys, bytes;
};

static bool overlap(struct piece one, struct piece other)
{
    return one.phys < other.phys + other.bytes && other.phys < one.phys + one.bytes;
}

static struct piece piece_of(const struct multiboot2_module *module)
{
    return (struct piece){module->start_phys, module->end_phys - module->start_phys};
}

/* What is moved, given back or drawn upon must be nothing else at the same time. */
static const char *check_apart(const struct multiboot2 *multiboot2, const void *start)
{
    const struct piece information = {(uint64_t)start, multiboot2->bytes};
    const struct piece screen = {multiboot2->screen.phys, screen_mode_bytes(&multiboot2->screen)};
    if (overlap(screen, information))
        return "the loader's framebuffer lies over the Multiboot information";
    for (uint32_t i = 0; i < multiboot2->module_count; i++) {
        struct piece module = piece_of(&multiboot2->modules[i]);
        if (overlap(module, information))
            return "a module lies over the Multiboot information";
        if (overlap(module, screen))
            return "the loader's framebuffer lies over a module";
        for (uint32_t other = 0; other < i; other++)
            if (overlap(module, piece_of(&multiboot2->modules[other])))
                return "a module lies over another";
    }
    return NULL;
}

const char *multiboot2_read(struct multiboot2 *multiboot2, const void *information, uint64_t limit)
{
    struct multiboot2_information head;
    *multiboot2 = (struct multiboot2){.cmdline = ""};
    if (limit < sizeof(head))
        return "the Multiboot information lies beyond all memory";
    memcpy(&head, information, sizeof(head));
    if (head.bytes < sizeof(head) || head.bytes > limit || head.bytes > INFORMATION_MAX)
        return "the Multiboot information has an impossible size";
    multiboot2->bytes = head.bytes;
    const uint8_t *start = information;
    const char *error = read_tags(multiboot2, start + sizeof(head), start + head.bytes);
    if (!error && !multiboot2->mmap)
        error = "the loader gave no memory map";
    if (error)
        return error;
    error = check_apart(multiboot2, information);
    if (error)
        multiboot2->screen = (struct screen_mode){0}; /* what is to say so must not destroy it */
    return error;
}

static const char *add_efi(const struct multiboot2 *multiboot2, struct muster_memory_map *map)
{
    struct multiboot2_efi_mmap_tag tag;
    if (multiboot2->efi_mmap_bytes < sizeof(tag))
        return "UEFI's memory map is cut off";
    memcpy(&tag, multiboot2->efi_mmap, sizeof(tag));
    if (tag.entry_bytes < sizeof(struct efi_memory_descriptor))
        return "the entries of UEFI's memory map are too short";
    if (muster_memory_restrict_efi(map, (const uint8_t *)multiboot2->efi_mmap + sizeof(tag),
                                   multiboot2->efi_mmap_bytes - (uint32_t)sizeof(tag),
                                   tag.entry_bytes))
        return "UEFI's memory map is malformed or too long";
    return NULL;
}

const char *multiboot2_add_memory(const struct multiboot2 *multiboot2,
                                  struct muster_memory_map *map)
{
    if (muster_memory_add_multiboot2(map, multiboot2->mmap, multiboot2->mmap_bytes))
        return "the loader's memory map is malformed or too long";
    return multiboot2->efi_mmap ? add_efi(multiboot2, map) : NULL;
}
