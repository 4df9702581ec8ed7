#include "kernel/memory.h"

#include "boot/console.h"
#include "boot/image.h"
#include "kernel/fatal.h"
#include "kernel/kernel.h"
#include "kernel/paging.h"

#define MEMORY_RANGES 1024u

static struct muster_memory_range ranges[MEMORY_RANGES];

bool memory_is_ram(enum muster_memory_type type)
{
    return type == MUSTER_MEMORY_USABLE || type == MUSTER_MEMORY_ACPI || type == MUSTER_MEMORY_NVS;
}

static void reserve(uint64_t start_phys, uint64_t bytes, enum muster_memory_owner owner,
                    const char *what)
{
    if (bytes == 0)
        return;
    uint64_t start = page_down(start_phys);
    enum muster_status status = muster_memory_reserve(
        &kernel.map, start, page_up(start_phys + bytes) - start, (uint32_t)owner);
    if (status != MUSTER_OK)
        fatal_status(status, what);
}

void memory_require_mapped(const char *what, uint64_t phys, uint64_t bytes)
{
    if (phys >= FOUR_GIB || bytes > FOUR_GIB - phys)
        fatal("the loader's %s at 0x%lx (0x%lx bytes) is not below 4 GiB, where the boot tables "
              "end",
              what, phys, bytes);
}

void memory_keep(const char *what, uint64_t phys, uint64_t bytes)
{
    const uint64_t end = UINT64_MAX - PAGE_BYTES;
    if (phys > end || bytes > end - phys)
        fatal("the loader's %s at 0x%lx (0x%lx bytes) runs past the end of all memory", what, phys,
              bytes);
    reserve(phys, bytes, MUSTER_OWNER_BOOT, "keep what the loader left");
}

static uint64_t usable_bytes(void)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < kernel.map.count; i++)
        if (ranges[i].type == MUSTER_MEMORY_USABLE)
            bytes += ranges[i].end_phys - ranges[i].start_phys;
    return bytes;
}

void memory_describe(struct loader *loader)
{
    muster_memory_init(&kernel.map, ranges, MEMORY_RANGES);
    loader_describe_memory(loader);
    console_printf("memory: %lu MiB usable by %s, image at 0x%lx-0x%lx\n", usable_bytes() / MIB,
                   loader->protocol, (uint64_t)image_start, (uint64_t)image_end);
    uint64_t image = (uint64_t)image_start;
    reserve(image, (uint64_t)image_end - image, MUSTER_OWNER_IMAGE, "keep the kernel's image");
    /* Not to be used, nor mapped later, so that a null pointer faults. QEMU's loader writes here,
     * too, so it is the loader's. */
    reserve(0, PAGE_BYTES, MUSTER_OWNER_BOOT, "keep page 0");
}

void *memory_map_hook(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    /* A pointer to physical address 0 would be taken for none. */
    return phys != 0 && paging_maps(phys, phys + bytes) ? (void *)phys : NULL;
}
