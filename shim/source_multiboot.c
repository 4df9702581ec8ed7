/* boot_source by Multiboot 1 (specification 0.6.96, 3.3; muster/boot_info.h). */
#include <muster/boot_info.h>

#include "abi/multiboot.h"
#include "boot/console.h"
#include "shim/source.h"

#define MODULES_MOST 3u

/* What lies elsewhere is not mapped yet, and nobody is there to tell of the fault. */
static bool is_mapped(uint64_t phys, uint64_t bytes)
{
    return phys <= FOUR_GIB && bytes <= FOUR_GIB - phys;
}

static const char *copy_text(char *to, uint64_t from_phys)
{
    const char *from = (const char *)from_phys;
    for (uint32_t at = 0; at < BOOT_SOURCE_CMDLINE_BYTES && is_mapped(from_phys, at + 1); at++) {
        to[at] = from[at];
        if (!from[at])
            return NULL;
    }
    return "a command line is longer than 4095 bytes, or does not end below 4 GiB";
}

static const char *copy_module(struct boot_module *to, const struct multiboot_module *module,
                               struct muster_memory_map *map)
{
    if (module->end <= module->start)
        return "a module is empty";
    *to = (struct boot_module){module->start, module->end - module->start};
    if (muster_memory_reserve(map, to->phys, to->bytes, MUSTER_OWNER_BOOT))
        return "the memory map has too many ranges";
    return NULL;
}

/* A command line begins with the file's name; what is meant for the program follows. */
static void drop_file_name(char *cmdline)
{
    char *rest = cmdline;
    while (*rest && *rest != ' ')
        rest++;
    while (*rest == ' ')
        rest++;
    memmove(cmdline, rest, strlen(rest) + 1);
}

/* The list may lie anywhere, on no border: it is copied out. */
static const char *copy_list(const struct multiboot_info *info,
                             struct multiboot_module modules[MODULES_MOST])
{
    if (!(info->flags & MULTIBOOT_INFO_MODULES) || info->module_count == 0)
        return "no kernel was given: the first Multiboot module is the kernel to boot";
    if (info->module_count > MODULES_MOST)
        return "more than three Multiboot modules: a kernel, an initrd and one more are wanted";
    if (!is_mapped(info->modules, info->module_count * sizeof(*modules)))
        return "the list of Multiboot modules does not end below 4 GiB";
    memcpy(modules, (const void *)(uint64_t)info->modules, info->module_count * sizeof(*modules));
    return NULL;
}

static const char *copy_modules(struct boot_source *source, const struct multiboot_info *info)
{
    struct multiboot_module modules[MODULES_MOST] = {0};
    const char *error = copy_list(info, modules);
    if (!error)
        error = copy_module(&source->kernel, &modules[0], source->map);
    if (!error && modules[0].cmdline)
        error = copy_text(source->cmdline, modules[0].cmdline);
    if (!error && info->module_count >= 2)
        error = copy_module(&source->initrd, &modules[1], source->map);
    if (!error && info->module_count >= 2 && modules[1].cmdline)
        error = copy_text(source->initrd_words, modules[1].cmdline);
    if (!error && info->module_count == 3)
        error = copy_module(&source->further, &modules[2], source->map);
    if (error)
        return error;
    drop_file_name(source->cmdline);
    drop_file_name(source->initrd_words);
    return NULL;
}

const char *boot_source_from_multiboot(struct boot_source *source, uint64_t info_phys,
                                       uint32_t magic)
{
    struct multiboot_info left;
    struct muster_boot_info info;
    if (magic != MULTIBOOT_LOADER_MAGIC)
        return "the loader followed neither Multiboot 1 nor Multiboot 2";
    enum muster_status status =
        muster_boot_info_from_multiboot(source->platform, info_phys, &info, source->map);
    if (status)
        return muster_error_text(status);
    if (info.cmdline_phys) {
        const char *error = copy_text(source->options, info.cmdline_phys);
        if (error)
            return error;
        drop_file_name(source->options);
    }
    memcpy(&left, (const void *)info_phys, sizeof(left)); /* as much of it as has been read */
    return copy_modules(source, &left);
}
