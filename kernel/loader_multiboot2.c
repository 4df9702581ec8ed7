/* The loader's information by Multiboot 2 (muster/boot_info.h, boot/multiboot2.h). */
#include "boot/multiboot2.h"
#include "kernel/fatal.h"
#include "kernel/loader.h"
#include "kernel/memory.h"

static struct multiboot2 multiboot2;

_Static_assert(MULTIBOOT2_MODULES <= LOADER_MODULES, "every module has its place");

static void keep(void)
{
    memory_keep("information", multiboot2.info_phys, multiboot2.bytes);
}

void loader_read_multiboot2(struct loader *loader, uint64_t info_phys)
{
    const char *error = multiboot2_read(&multiboot2, &loader_memory, info_phys);
    if (error)
        fatal("Multiboot 2: %s", error);
    loader->protocol = "Multiboot 2";
    loader->cmdline = multiboot2.cmdline;
    loader->screen = multiboot2.screen;
    loader->read_platform = muster_boot_info_from_multiboot2;
    loader->keep = keep;
    loader->module_count = multiboot2.module_count;
    for (uint32_t i = 0; i < multiboot2.module_count; i++) {
        const struct multiboot2_module *module = &multiboot2.modules[i];
        loader->modules[i] = (struct loader_module){
            module->start_phys, module->end_phys - module->start_phys, module->cmdline};
    }
}
