/* boot_source by Multiboot 2 (muster/boot_info.h; what is the shim's own, boot/multiboot2.h). */
#include <muster/boot_info.h>

#include "boot/console.h"
#include "boot/image.h"
#include "boot/multiboot2.h"
#include "boot/screen.h"
#include "shim/shim.h"

static struct multiboot2 multiboot2;

static const char *copy_text(char *to, const char *from)
{
    size_t bytes = strlen(from) + 1;
    if (bytes > BOOT_SOURCE_CMDLINE_BYTES)
        return "a command line is longer than 4095 bytes";
    memcpy(to, from, bytes);
    return NULL;
}

static const char *keep(struct muster_memory_map *map, uint64_t phys, uint64_t bytes)
{
    return muster_memory_reserve(map, phys, bytes, MUSTER_OWNER_BOOT)
               ? "the memory map has too many ranges"
               : NULL;
}

static const char *take_module(struct boot_source *source, uint32_t number,
                               struct boot_module *module, char *words)
{
    if (number >= multiboot2.module_count)
        return NULL;
    const struct multiboot2_module *from = &multiboot2.modules[number];
    *module = (struct boot_module){from->start_phys, from->end_phys - from->start_phys};
    const char *error = keep(source->map, module->phys, module->bytes);
    return error || !words ? error : copy_text(words, from->cmdline);
}

static const char *take_modules(struct boot_source *source)
{
    if (multiboot2.module_count == 0)
        return "no kernel was given: the first Multiboot module is the kernel to boot";
    if (multiboot2.module_count > 3)
        return "more than three Multiboot modules: a kernel, an initrd and one more are wanted";
    const char *error = take_module(source, 0, &source->kernel, source->cmdline);
    if (!error)
        error = take_module(source, 1, &source->initrd, source->initrd_words);
    return error ? error : take_module(source, 2, &source->further, NULL);
}

/* Its tree is not read: the shim makes one. */
static const char *take_platform(struct boot_source *source, uint64_t info_phys)
{
    struct muster_boot_info info;
    enum muster_status status =
        muster_boot_info_from_multiboot2(source->platform, info_phys, &info, source->map);
    source->rsdp_phys = info.rsdp_phys;
    return status ? muster_error_text(status) : NULL;
}

const char *boot_source_from_multiboot2(struct boot_source *source, uint64_t info_phys)
{
    const char *error = multiboot2_read(&multiboot2, source->platform, info_phys);
    const struct screen_mode *screen = &multiboot2.screen;
    if (image_has(screen->phys, screen_mode_bytes(screen)))
        return "the loader's framebuffer lies in the shim's image";
    /* Before all else: what is wrong with that can then be read there. */
    if (screen_mode_is_below(screen, FOUR_GIB))
        screen_open(screen);
    if (!error)
        error = take_platform(source, info_phys);
    /* To be read again from the shim's later home, and its RSDP after that. */
    if (!error)
        error = keep(source->map, info_phys, multiboot2.bytes);
    if (!error)
        error = copy_text(source->options, multiboot2.cmdline);
    if (!error && screen->kind == SCREEN_FRAMEBUFFER)
        error = keep(source->map, screen->phys, screen_mode_bytes(screen));
    if (error)
        return error;
    source->screen =
        (struct boot_module){(uint64_t)multiboot2.screen_tag, multiboot2.screen_tag_bytes};
    return take_modules(source);
}
