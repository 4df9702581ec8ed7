/* The loader's information by PVH (muster/boot_info.h, abi/pvh.h). */
#include "abi/pvh.h"
#include "boot/console.h"
#include "boot/multiboot2.h"
#include "kernel/fatal.h"
#include "kernel/loader.h"
#include "kernel/memory.h"

#define TEXT_BYTES 4096u

/* Copies, each taken once: what the loader left may lie on any border. */
static uint64_t start_phys;
static struct pvh_start_info info;
static struct pvh_module modules[LOADER_MODULES];

bool loader_is_pvh(uint64_t info_phys)
{
    uint32_t magic;
    memory_require_mapped("information", info_phys, sizeof(info));
    memcpy(&magic, (const void *)info_phys, sizeof(magic));
    return magic == PVH_START_MAGIC;
}

static const char *read_text(const char *what, uint64_t phys)
{
    const char *text = (const char *)phys;
    if (!phys)
        return "";
    for (uint64_t length = 0; length < TEXT_BYTES; length++) {
        memory_require_mapped(what, phys, length + 1);
        if (!text[length])
            return text;
    }
    fatal("the %s at 0x%lx does not end within %u bytes", what, phys, TEXT_BYTES);
}

static void keep_text(const char *text)
{
    memory_keep("text", (uint64_t)text, strlen(text) + 1);
}

static void keep(void)
{
    memory_keep("start info", start_phys, sizeof(info));
    memory_keep("memory map", info.memory_map_phys,
                info.memory_map_entries * sizeof(struct pvh_memory_entry));
    if (info.cmdline_phys)
        keep_text((const char *)info.cmdline_phys);
    for (uint32_t i = 0; info.modules_phys && i < info.module_count; i++)
        if (modules[i].cmdline_phys)
            keep_text((const char *)modules[i].cmdline_phys);
    if (info.modules_phys)
        memory_keep("module list", info.modules_phys,
                    info.module_count * sizeof(struct pvh_module));
}

/* Of a shim that was left one itself. */
static void read_screen(struct loader *loader)
{
    for (uint32_t i = 0; i < loader->module_count; i++) {
        const struct loader_module *module = &loader->modules[i];
        if (strcmp(module->cmdline, PVH_MODULE_SCREEN) != 0)
            continue;
        memory_require_mapped("framebuffer tag", module->phys, module->bytes);
        const char *error = multiboot2_read_screen(&loader->screen, (const void *)module->phys,
                                                   (uint32_t)module->bytes);
        if (error)
            fatal("%s", error);
    }
}

void loader_read_pvh(struct loader *loader, uint64_t info_phys)
{
    start_phys = info_phys;
    memcpy(&info, (const void *)info_phys, sizeof(info));
    loader->protocol = "PVH";
    loader->cmdline = read_text("command line", info.cmdline_phys);
    loader->read_platform = muster_boot_info_from_pvh;
    loader->keep = keep;
    if (!info.modules_phys)
        return;
    if (info.module_count > LOADER_MODULES)
        fatal("the start info lists %u modules; %u at most", info.module_count, LOADER_MODULES);
    memory_require_mapped("module list", info.modules_phys,
                          info.module_count * sizeof(struct pvh_module));
    memcpy(modules, (const void *)info.modules_phys, info.module_count * sizeof(modules[0]));
    for (uint32_t i = 0; i < info.module_count; i++)
        loader->modules[i] =
            (struct loader_module){modules[i].start_phys, modules[i].bytes,
                                   read_text("module's command line", modules[i].cmdline_phys)};
    loader->module_count = info.module_count;
    read_screen(loader);
}
