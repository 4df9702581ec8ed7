/*
 * What comes before the structure of a flattened device tree: its header, where its blocks lie, and
 * the memory that it reserves (Devicetree Specification v0.4, 5.2 and 5.3).
 */
#include "lib/firmware/fdt.h"

struct block {
    uint32_t offset;
    uint32_t bytes;
};

static enum muster_status refuse_field(struct fdt *fdt, enum muster_status status, size_t field,
                                       uint64_t found, uint64_t wanted)
{
    return fdt_refuse_at(fdt, status, 0, (uint32_t)field, found, wanted);
}

#define FIELD(name) offsetof(struct fdt_header, name)

/* The struct is ten words in the order of the specification, so it is read as such. */
static void copy_header(struct fdt *fdt)
{
    uint32_t *words = (uint32_t *)&fdt->header;

    for (uint32_t i = 0; i < sizeof(fdt->header) / FDT_CELL_BYTES; i++)
        words[i] = (uint32_t)fdt_read_cells(fdt, i * FDT_CELL_BYTES, 1);
}

static enum muster_status check_fdt_header(struct fdt *fdt)
{
    const struct fdt_header *header = &fdt->header;

    if (header->magic != FDT_MAGIC_NUMBER)
        return refuse_field(fdt, MUSTER_ERROR_FDT_MAGIC, FIELD(magic), header->magic,
                            FDT_MAGIC_NUMBER);
    if (header->version < FDT_VERSION)
        return refuse_field(fdt, MUSTER_ERROR_FDT_VERSION, FIELD(version), header->version,
                            FDT_VERSION);
    /* What a later version calls compatible with 17 can be read as 17. */
    if (header->last_comp_version > FDT_VERSION)
        return refuse_field(fdt, MUSTER_ERROR_FDT_VERSION, FIELD(last_comp_version),
                            header->last_comp_version, FDT_VERSION);
    if (header->totalsize < sizeof(*header) || header->totalsize > FDT_BYTES_MAX)
        return refuse_field(fdt, MUSTER_ERROR_FDT_SIZE, FIELD(totalsize), header->totalsize,
                            header->totalsize < sizeof(*header) ? sizeof(*header) : FDT_BYTES_MAX);
    return MUSTER_OK;
}

static enum muster_status check_block(struct fdt *fdt, struct block block, uint32_t align,
                                      size_t field)
{
    uint32_t limit = fdt->header.totalsize;

    if (block.offset % align != 0 || block.offset < sizeof(fdt->header) || block.offset > limit ||
        block.bytes > limit - block.offset)
        return refuse_field(fdt, MUSTER_ERROR_FDT_BLOCK, field, block.offset, limit);
    return MUSTER_OK;
}

static bool overlap(struct block a, struct block b)
{
    return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

static struct block structure_of(const struct fdt *fdt)
{
    return (struct block){fdt->header.off_dt_struct, fdt->header.size_dt_struct};
}

static struct block strings_of(const struct fdt *fdt)
{
    return (struct block){fdt->header.off_dt_strings, fdt->header.size_dt_strings};
}

/* How long the reserve map is, only its end tells: check_reserve_entry() sees to that. */
static enum muster_status check_blocks(struct fdt *fdt)
{
    struct block reserve = {fdt->header.off_mem_rsvmap, 0};
    enum muster_status status =
        check_block(fdt, structure_of(fdt), FDT_TOKEN_ALIGN, FIELD(off_dt_struct));

    if (status == MUSTER_OK)
        status = check_block(fdt, strings_of(fdt), 1, FIELD(off_dt_strings));
    if (status == MUSTER_OK)
        status = check_block(fdt, reserve, FDT_TREE_ALIGN, FIELD(off_mem_rsvmap));
    if (status == MUSTER_OK && overlap(structure_of(fdt), strings_of(fdt)))
        status = refuse_field(fdt, MUSTER_ERROR_FDT_BLOCK, FIELD(off_dt_strings),
                              fdt->header.off_dt_strings, fdt->header.off_dt_struct);
    return status;
}

enum muster_status fdt_open(struct fdt *fdt, const struct muster_platform *platform, uint64_t phys,
                            struct muster_finding *finding)
{
    enum muster_status status;

    *finding = (struct muster_finding){0};
    *fdt = (struct fdt){.phys = phys, .finding = finding};
    if (phys % FDT_TREE_ALIGN != 0)
        return refuse_field(fdt, MUSTER_ERROR_FDT_ADDRESS, 0, phys, phys - phys % FDT_TREE_ALIGN);
    fdt->bytes = acpi_map(platform, phys, sizeof(fdt->header));
    if (fdt->bytes == NULL)
        return refuse_field(fdt, MUSTER_ERROR_FDT_ADDRESS, 0, phys, 0);
    copy_header(fdt);
    status = check_fdt_header(fdt);
    if (status == MUSTER_OK)
        status = check_blocks(fdt);
    if (status != MUSTER_OK)
        return status;
    fdt->bytes = acpi_map(platform, phys, fdt->header.totalsize);
    if (fdt->bytes == NULL)
        return refuse_field(fdt, MUSTER_ERROR_FDT_ADDRESS, FIELD(totalsize), phys,
                            fdt->header.totalsize);
    fdt->reserve_at = fdt->header.off_mem_rsvmap;
    fdt->at = fdt->header.off_dt_struct;
    fdt->end = fdt->at + fdt->header.size_dt_struct;
    return MUSTER_OK;
}

/* ---- The reserve map ---- */

/* The map has no length: it may go on until it meets another block, or the tree's end. */
static enum muster_status check_reserve_entry(struct fdt *fdt, uint32_t at)
{
    const uint32_t bytes = sizeof(struct fdt_reserve_entry);
    struct block entry = {at, bytes};

    if (bytes > fdt->header.totalsize - at)
        return fdt_refuse_at(fdt, MUSTER_ERROR_FDT_RESERVE_MAP, 0, at, bytes,
                             fdt->header.totalsize - at);
    if (overlap(entry, structure_of(fdt)) || overlap(entry, strings_of(fdt)))
        return fdt_refuse_at(fdt, MUSTER_ERROR_FDT_BLOCK, 0, at, at, 0);
    return MUSTER_OK;
}

enum muster_status fdt_reserve_next(struct fdt *fdt, struct acpi_range *range)
{
    *range = (struct acpi_range){0};
    while (fdt->reserve_at != 0) {
        uint32_t at = fdt->reserve_at;
        enum muster_status status = check_reserve_entry(fdt, at);

        if (status != MUSTER_OK)
            return status;
        range->phys = fdt_read_cells(fdt, at, 2);
        range->bytes = fdt_read_cells(fdt, at + offsetof(struct fdt_reserve_entry, size), 2);
        if (range->bytes > UINT64_MAX - range->phys)
            return fdt_refuse_at(fdt, MUSTER_ERROR_FDT_RESERVE_MAP, 0, at, range->bytes,
                                 UINT64_MAX - range->phys);
        bool last = range->phys == 0 && range->bytes == 0;
        fdt->reserve_at = last ? 0 : at + (uint32_t)sizeof(struct fdt_reserve_entry);
        if (range->bytes != 0)
            return MUSTER_OK;
    }
    return MUSTER_OK;
}
