/* One careful pass over the structure block (Devicetree Specification v0.4, 5.4). */
#include "lib/firmware/fdt.h"

#include "lib/firmware/once.h"

/* ---- Numbers and texts ---- */

static uint32_t from_big_endian(const uint8_t bytes[4])
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

uint64_t fdt_read_cells(const struct fdt *fdt, uint32_t offset, uint32_t cells)
{
    uint64_t number = 0;

    for (uint32_t i = 0; i < cells; i++) {
        uint8_t bytes[FDT_CELL_BYTES];

        copy_once(bytes, fdt->bytes + offset + i * FDT_CELL_BYTES, sizeof(bytes));
        number = number << 32 | from_big_endian(bytes);
    }
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

static uint32_t read_cell(const struct fdt *fdt, uint32_t offset)
{
    return (uint32_t)fdt_read_cells(fdt, offset, 1);
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

/*
 * Any number of properties may name the same string: one that is as long as the whole block would
 * be read as often. Real names stay far below the bound.
 */
static enum muster_status read_property_name(struct fdt *fdt, uint32_t offset)
{
    const uint32_t bytes = fdt->header.size_dt_strings;
    uint32_t at = fdt->header.off_dt_strings + offset;
    uint32_t left = offset < bytes ? bytes - offset : 0;
    uint32_t limit = left < FDT_NAME_BYTES_MAX ? left : FDT_NAME_BYTES_MAX;

    if (read_text(fdt, at, at + limit, fdt->name) == 0)
        return fdt_refuse(fdt, MUSTER_ERROR_FDT_NAME, offset, bytes);
    return MUSTER_OK;
}

static enum muster_status take_property(struct fdt *fdt)
{
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
    fdt->event = FDT_PROPERTY;
    return read_property_name(fdt, property.nameoff);
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
    if (fdt->event == FDT_NODE_END)
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
