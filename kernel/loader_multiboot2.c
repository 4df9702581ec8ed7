/* The loader's information by Multiboot 2 (boot/multiboot2.h). */
#include "boot/multiboot2.h"
#include "kernel/fatal.h"
#include "kernel/kernel.h"
#include "kernel/loader.h"
#include "kernel/memory.h"

static struct multiboot2 multiboot2;
static uint64_t information_phys;

_Static_assert(MULTIBOOT2_MODULES <= LOADER_MODULES, "every module has its place");

static void describe_memory(void)
{
    const char *error = multiboot2_add_memory(&multiboot2, &kernel.map);
    if (error)
        fatal("%s", error);
    memory_keep("information", information_phys, multiboot2.bytes);
}

void loader_read_multiboot2(struct loader *loader, uint64_t info_phys)
{
    const char *error = multiboot2_read(&multiboot2, (const void *)info_phys, FOUR_GIB - info_phys);
    if (error)
        fatal("Multiboot 2: %s", error);
    information_phys = info_phys;
    loader->protocol = "Multiboot 2";
    loader->cmdline = multiboot2.cmdline;
    loader->rsdp_phys = (uint64_t)multiboot2.rsdp;
    loader->screen = multiboot2.screen;
    loader->describe_memory = describe_memory;
    loader->module_count = multiboot2.module_count;
    for (uint32_t i = 0; i < multiboot2.module_count; i++) {
        const struct multiboot2_module *module = &multiboot2.modules[i];
        loader->modules[i] = (struct loader_module){
            module->start_phys, module->end_phys - module->start_phys, module->cmdline};
    }
}
