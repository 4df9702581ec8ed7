/*
 * What a device tree keeps out of everybody's hands. That is RAM which the firmware needs, so it
 * is NVS and not reserved: a processor may have to reach it like any other RAM.
 */
#include <muster/memory.h>

#include "lib/firmware/fdt_walk.h"

static enum muster_status add_reserve(void *context, struct fdt *fdt, struct acpi_range range)
{
    (void)fdt;
    return muster_memory_add(context, range.phys, range.bytes, MUSTER_MEMORY_NVS);
}

/* A region without reg has a size and no place yet: it is for the OS to choose. */
static enum muster_status add_child(void *context, struct fdt *fdt, const struct fdt_child *child)
{
    uint32_t count;
    enum muster_status status;

    if (child->section != FDT_SECTION_RESERVED_MEMORY || !child->available || child->reg_at == 0)
        return MUSTER_OK;
    status = fdt_reg_count(fdt, child, &count);
    if (status == MUSTER_OK && child->translated)
        return fdt_refuse_child(fdt, MUSTER_ERROR_FDT_RANGES, child, 1, 0);
    for (uint32_t i = 0; i < count && status == MUSTER_OK; i++) {
        struct acpi_range region = fdt_reg_entry(fdt, child, i);

        status = muster_memory_add(context, region.phys, region.bytes, MUSTER_MEMORY_NVS);
        if (status == MUSTER_ERROR_RANGE_INVALID)
            status = fdt_refuse_child(fdt, MUSTER_ERROR_FDT_REG, child, region.bytes,
                                      UINT64_MAX - region.phys);
    }
    return status;
}

enum muster_status muster_memory_add_fdt(struct muster_memory_map *map,
                                         const struct muster_platform *platform, uint64_t fdt_phys,
                                         struct muster_finding *finding)
{
    const struct fdt_visitor visitor = {map, add_reserve, add_child};
    struct fdt fdt;
    enum muster_status status = fdt_open(&fdt, platform, fdt_phys, finding);

    return status == MUSTER_OK ? fdt_walk(&fdt, &visitor) : status;
}
