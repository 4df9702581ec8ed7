#include "boot/multiboot2.h"

#include "boot/console.h"
#include "lib/firmware/multiboot2_tags.h"

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
    case MULTIBOOT2_TAG_FRAMEBUFFER:
        return read_screen(multiboot2, tag);
    case MULTIBOOT2_TAG_EFI_BS:
        return "the loader has left UEFI's boot services running, and their APs with them";
    default:
        return NULL;
    }
}

static const char *read_tags(struct multiboot2 *multiboot2, struct multiboot2_tags *tags)
{
    for (;;) {
        struct multiboot2_tag head;
        struct tag tag;
        if (!multiboot2_tags_next(tags, &head, &tag.start))
            return "a tag runs past the end of the Multiboot information, or there is no last one";
        if (head.type == MULTIBOOT2_TAG_END)
            return NULL;
        tag.type = head.type;
        tag.bytes = head.bytes;
        const char *error = read_tag(multiboot2, &tag);
        if (error)
            return error;
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
static const char *check_apart(const struct multiboot2 *multiboot2)
{
    const struct piece information = {multiboot2->info_phys, multiboot2->bytes};
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

const char *multiboot2_read(struct multiboot2 *multiboot2, const struct muster_platform *platform,
                            uint64_t info_phys)
{
    struct multiboot2_tags tags;
    *multiboot2 = (struct multiboot2){.info_phys = info_phys, .cmdline = ""};
    if (!multiboot2_tags_open(&tags, platform, info_phys))
        return "the Multiboot information lies beyond all memory, or has an impossible size";
    multiboot2->bytes = tags.bytes;
    const char *error = read_tags(multiboot2, &tags);
    if (error)
        return error;
    error = check_apart(multiboot2);
    if (error)
        multiboot2->screen = (struct screen_mode){0}; /* what is to say so must not destroy it */
    return error;
}
