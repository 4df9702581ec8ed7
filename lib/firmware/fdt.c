/* One careful pass over a flattened device tree (Devicetree Specification v0.4, chapter 5). */
#include "lib/firmware/fdt.h"

#include "lib/firmware/once.h"

/* ---- Numbers and texts ---- */

static uint32_t from_big_endian(const uint8_t bytes[4])
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t read_cell(const struct fdt *fdt, uint32_t offset)
{
    uint8_t bytes[FDT_CELL_BYTES];

    copy_once(bytes, fdt->bytes + offset, sizeof(bytes));
    return from_big_endian(bytes);
}

uint64_t fdt_read_cells(const struct fdt *fdt, uint32_t offset, uint32_t cells)
{
    uint64_t number = 0;

    for (uint32_t i = 0; i < cells; i++)
        number = number << 32 | read_cell(fdt, offset + i * FDT_CELL_BYTES);
    return number;
}

bool fdt_text_begins(const char *text, const char *start)
{
    while (*start != '\0' && *text == *start) {
        text++;
        start++;
    }
    return *start == '\0';
}

bool fdt_text_is(const char *text, const char *wanted)
{
    while (*wanted != '\0' && *text == *wanted) {
        text++;
        wanted++;
    }
    return *text == *wanted;
}

/* Copy a string that must end before @limit. Gives where its end is, or 0 if it has none. */
static uint32_t read_text(const struct fdt *fdt, uint32_t offset, uint32_t limit,
                          char text[FDT_NAME_BYTES])
{
    for (uint32_t at = offset; at < limit; at++) {
        uint32_t length = at - offset;
        char c = (char)fdt->bytes[at];

        if (length < FDT_NAME_BYTES)
            text[length] = length < FDT_NAME_BYTES - 1 ? c : '\0';
        if (c == '\0')
            return at;
    }
    return 0;
}

/* ---- What is wrong ---- */

enum muster_status fdt_refuse_at(struct fdt *fdt, enum muster_status status, uint32_t node,
                                 uint32_t offset, uint64_t found, uint64_t wanted)
{
    if (fdt->finding->status != MUSTER_OK)
        return fdt->finding->status;
    *fdt->finding = (struct muster_finding){
        .status = status,
        .table = "FDT",
        .table_phys = fdt->phys,
        .entry = node,
        .offset = offset,
        .found = found,
        .wanted = wanted,
    };
    return status;
}

enum muster_status fdt_refuse(struct fdt *fdt, enum muster_status status, uint64_t found,
                              uint64_t wanted)
{
    return fdt_refuse_at(fdt, status, fdt->node, fdt->token_at, found, wanted);
}

/* ---- Header and blocks ---- */

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
        words[i] = read_cell(fdt, i * FDT_CELL_BYTES);
}

static enum muster_status check_header(struct fdt *fdt)
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
    status = check_header(fdt);
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

/* ---- The structure block ---- */

/* Pass over @bytes and the padding behind them; false if the block ends before. */
static bool skip(struct fdt *fdt, uint32_t bytes)
{
    uint32_t left = fdt->end - fdt->at;
    uint32_t padding = (FDT_TOKEN_ALIGN - bytes % FDT_TOKEN_ALIGN) % FDT_TOKEN_ALIGN;

    if (bytes > left || padding > left - bytes)
        return false;
    fdt->at += bytes + padding;
    return true;
}

static enum muster_status refuse_truncated(struct fdt *fdt, uint64_t wanted)
{
    return fdt_refuse(fdt, MUSTER_ERROR_FDT_TRUNCATED, fdt->end - fdt->at, wanted);
}

static enum muster_status begin_node(struct fdt *fdt)
{
    uint32_t end = read_text(fdt, fdt->at, fdt->end, fdt->name);

    fdt->node = fdt->nodes;
    if (fdt->depth == 0 && fdt->nodes > 0)
        return fdt_refuse(fdt, MUSTER_ERROR_FDT_STRUCTURE, FDT_TOKEN_BEGIN_NODE, FDT_TOKEN_END);
    if (fdt->depth == FDT_DEPTH_MAX)
        return fdt_refuse(fdt, MUSTER_ERROR_FDT_DEPTH, (uint64_t)fdt->depth + 1, FDT_DEPTH_MAX);
    if (end == 0)
        return fdt_refuse(fdt, MUSTER_ERROR_FDT_NAME, fdt->at, fdt->end);
    if (fdt->depth == 0 && fdt->name[0] != '\0')
        return fdt_refuse(fdt, MUSTER_ERROR_FDT_NAME, (uint8_t)fdt->name[0], 0);
    if (!skip(fdt, end + 1 - fdt->at))
        return refuse_truncated(fdt, end + 1 - fdt->at);
    fdt->nodes++;
    fdt->depth++;
    fdt->in_properties = true;
    fdt->event = FDT_NODE;
    return MUSTER_OK;
}

static enum muster_status take_property(struct fdt *fdt)
{
    struct block strings = strings_of(fdt);
    struct fdt_property property;

    if (!fdt->in_properties)
        return fdt_refuse(fdt, MUSTER_ERROR_FDT_STRUCTURE, FDT_TOKEN_PROP, 0);
    if (fdt->end - fdt->at < sizeof(property))
        return refuse_truncated(fdt, sizeof(property));
    property.len = read_cell(fdt, fdt->at);
    property.nameoff = read_cell(fdt, fdt->at + offsetof(struct fdt_property, nameoff));
    fdt->at += sizeof(property);
    fdt->value_at = fdt->at;
    fdt->value_bytes = property.len;
    if (!skip(fdt, property.len))
        return refuse_truncated(fdt, property.len);
    if (property.nameoff >= strings.bytes ||
        read_text(fdt, strings.offset + property.nameoff, strings.offset + strings.bytes,
                  fdt->name) == 0)
        return fdt_refuse(fdt, MUSTER_ERROR_FDT_NAME, property.nameoff, strings.bytes);
    fdt->event = FDT_PROPERTY;
    return MUSTER_OK;
}

static enum muster_status end_node(struct fdt *fdt)
{
    if (fdt->depth == 0)
        return fdt_refuse(fdt, MUSTER_ERROR_FDT_STRUCTURE, FDT_TOKEN_END_NODE, FDT_TOKEN_END);
    fdt->in_properties = false;
    fdt->event = FDT_NODE_END;
    return MUSTER_OK;
}

static enum muster_status end_tree(struct fdt *fdt)
{
    if (fdt->depth != 0 || fdt->nodes == 0)
        return fdt_refuse(fdt, MUSTER_ERROR_FDT_STRUCTURE, FDT_TOKEN_END,
                          fdt->depth != 0 ? FDT_TOKEN_END_NODE : FDT_TOKEN_BEGIN_NODE);
    fdt->event = FDT_END;
    return MUSTER_OK;
}

enum muster_status fdt_next(struct fdt *fdt)
{
    uint32_t token;

    /* Its number is of use to whoever took the event; its end comes after. */
    if (fdt->event == FDT_NODE_END && fdt->depth > 0)
        fdt->depth--;
    fdt->event = FDT_NODE;
    do {
        fdt->token_at = fdt->at;
        if (fdt->end - fdt->at < FDT_CELL_BYTES)
            return refuse_truncated(fdt, FDT_CELL_BYTES);
        token = read_cell(fdt, fdt->at);
        fdt->at += FDT_CELL_BYTES;
    } while (token == FDT_TOKEN_NOP);
    switch (token) {
    case FDT_TOKEN_BEGIN_NODE:
        return begin_node(fdt);
    case FDT_TOKEN_PROP:
        return take_property(fdt);
    case FDT_TOKEN_END_NODE:
        return end_node(fdt);
    case FDT_TOKEN_END:
        return end_tree(fdt);
    default:
        return fdt_refuse(fdt, MUSTER_ERROR_FDT_STRUCTURE, token, 0);
    }
}

/* ---- Values ---- */

enum muster_status fdt_value_cell(struct fdt *fdt, uint32_t *cell)
{
    if (fdt->value_bytes != FDT_CELL_BYTES)
        return fdt_refuse(fdt, MUSTER_ERROR_FDT_PROPERTY, fdt->value_bytes, FDT_CELL_BYTES);
    *cell = read_cell(fdt, fdt->value_at);
    return MUSTER_OK;
}

enum muster_status fdt_value_text(struct fdt *fdt, char text[FDT_NAME_BYTES])
{
    uint32_t end = fdt->value_at + fdt->value_bytes;

    if (read_text(fdt, fdt->value_at, end, text) + 1 != end)
        return fdt_refuse(fdt, MUSTER_ERROR_FDT_PROPERTY, fdt->value_bytes, 0);
    return MUSTER_OK;
}

/* What follows the last end is no string, and never found. */
bool fdt_value_lists(const struct fdt *fdt, const char *text)
{
    uint32_t matched = 0;
    bool equal = true;
    bool found = false;

    for (uint32_t i = 0; i < fdt->value_bytes; i++) {
        char c = (char)fdt->bytes[fdt->value_at + i];

        equal = equal && c == text[matched];
        found = found || (equal && c == '\0');
        matched = equal && c != '\0' ? matched + 1 : 0;
        equal = equal || c == '\0';
    }
    return found;
}
