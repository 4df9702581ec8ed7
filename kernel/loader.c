#include "kernel/loader.h"

#include "abi/multiboot2.h"
#include "abi/pvh.h"
#include "boot/console.h"
#include "boot/image.h"
#include "kernel/fatal.h"
#include "kernel/kernel.h"
#include "kernel/memory.h"

const struct muster_platform loader_memory = {.map = memory_map_hook};

static struct loader loader;

struct loader *loader_read(uint64_t info_phys, uint32_t magic)
{
    loader = (struct loader){.info_phys = info_phys};
    if (loader_is_pvh(info_phys))
        loader_read_pvh(&loader, info_phys);
    else if (magic == MULTIBOOT2_LOADER_MAGIC)
        loader_read_multiboot2(&loader, info_phys);
    else
        fatal("booted neither by PVH (no start info at 0x%lx) nor by Multiboot 2 (magic 0x%x)",
              info_phys, magic);
    if (image_has(loader.screen.phys, screen_mode_bytes(&loader.screen)))
        fatal("the loader's framebuffer at 0x%lx lies in the kernel's image", loader.screen.phys);
    return &loader;
}

/* Modules' contents nobody reads now, but the next kernel may be one of them. */
void loader_describe_memory(struct loader *from)
{
    enum muster_status status =
        from->read_platform(&loader_memory, from->info_phys, &from->platform, &kernel.map);
    if (status != MUSTER_OK)
        fatal_status(status, "read what the loader says of the machine");
    from->keep();
    for (uint32_t i = 0; i < from->module_count; i++)
        memory_keep("module", from->modules[i].phys, from->modules[i].bytes);
    if (from->screen.kind == SCREEN_FRAMEBUFFER)
        memory_keep("framebuffer", from->screen.phys, screen_mode_bytes(&from->screen));
}

/* A tree or a screen: no file of the user's. */
static bool is_of_machine(const struct loader_module *module)
{
    return strcmp(module->cmdline, PVH_MODULE_FDT) == 0 ||
           strcmp(module->cmdline, PVH_MODULE_SCREEN) == 0;
}

const struct loader_module *loader_module_further(const struct loader *from, uint32_t number)
{
    for (uint32_t i = 0; i < from->module_count; i++) {
        const struct loader_module *module = &from->modules[i];
        if (module->bytes && !is_of_machine(module) && number-- == 0)
            return module;
    }
    return NULL;
}
