/* From tokens to the few nodes that matter (Devicetree Specification v0.4, 2.3, 3.5, 3.7, 3.8). */
#include "lib/firmware/fdt_walk.h"

#include <muster/machine.h>

/* The root is 1, /cpus 2, and a processor 3. */
#define SECTION_DEPTH 2u
#define CHILD_DEPTH   3u

#define CELLS_MAX 2u /* of an address or a size: 64 bits */

enum seen {
    SEEN_ADDRESS_CELLS = 1 << 0,
    SEEN_SIZE_CELLS = 1 << 1,
    SEEN_RANGES = 1 << 2,
    SEEN_DEVICE_TYPE = 1 << 3,
    SEEN_COMPATIBLE = 1 << 4,
    SEEN_STATUS = 1 << 5,
    SEEN_REG = 1 << 6,
    SEEN_NUMA_NODE = 1 << 7,
};

struct walk {
    struct fdt *fdt;
    const struct fdt_visitor *visitor;
    struct fdt_child section; /* what its children begin with */
    struct fdt_child child;
    bool in_child;          /* and not in a child's child, nor shown yet */
    uint32_t sections_seen; /* a bit for each enum fdt_section */
};

enum muster_status fdt_refuse_child(struct fdt *fdt, enum muster_status status,
                                    const struct fdt_child *child, uint64_t found, uint64_t wanted)
{
    return fdt_refuse_at(fdt, status, child->number, child->token_at, found, wanted);
}

/* ---- Properties ---- */

static enum muster_status see_once(struct fdt *fdt, struct fdt_child *node, enum seen what)
{
    if (node->seen & what)
        return fdt_refuse(fdt, MUSTER_ERROR_FDT_DUPLICATE, 2, 1);
    node->seen |= what;
    return MUSTER_OK;
}

/* #address-cells and #size-cells hold for the children only, and are not inherited (2.3.5). */
static enum muster_status take_section_property(struct fdt *fdt, struct fdt_child *section)
{
    enum muster_status status = MUSTER_OK;

    if (fdt_text_is(fdt->name, "#address-cells")) {
        status = see_once(fdt, section, SEEN_ADDRESS_CELLS);
        return status == MUSTER_OK ? fdt_value_cell(fdt, &section->address_cells) : status;
    }
    if (fdt_text_is(fdt->name, "#size-cells")) {
        status = see_once(fdt, section, SEEN_SIZE_CELLS);
        return status == MUSTER_OK ? fdt_value_cell(fdt, &section->size_cells) : status;
    }
    if (fdt_text_is(fdt->name, "ranges")) {
        section->translated = fdt->value_bytes != 0;
        return see_once(fdt, section, SEEN_RANGES);
    }
    return MUSTER_OK;
}

static enum muster_status take_device_type(struct fdt *fdt, struct fdt_child *child)
{
    char text[FDT_NAME_BYTES];
    enum muster_status status = see_once(fdt, child, SEEN_DEVICE_TYPE);

    if (status == MUSTER_OK)
        status = fdt_value_text(fdt, text);
    if (status == MUSTER_OK && fdt_text_is(text, "cpu"))
        child->is_cpu = true;
    return status;
}

static enum muster_status take_status(struct fdt *fdt, struct fdt_child *child)
{
    char text[FDT_NAME_BYTES];
    enum muster_status status = see_once(fdt, child, SEEN_STATUS);

    if (status == MUSTER_OK)
        status = fdt_value_text(fdt, text);
    if (status == MUSTER_OK)
        child->available = fdt_text_is(text, "okay") || fdt_text_is(text, "ok");
    return status;
}

static enum muster_status take_child_property(struct fdt *fdt, struct fdt_child *child)
{
    enum muster_status status;

    if (fdt_text_is(fdt->name, "reg")) {
        child->reg_at = fdt->value_at;
        child->reg_bytes = fdt->value_bytes;
        return see_once(fdt, child, SEEN_REG);
    }
    if (fdt_text_is(fdt->name, "status"))
        return take_status(fdt, child);
    if (fdt_text_is(fdt->name, "device_type"))
        return take_device_type(fdt, child);
    if (fdt_text_is(fdt->name, "compatible")) {
        child->is_mailbox = fdt_value_lists(fdt, FDT_MAILBOX_COMPATIBLE);
        return see_once(fdt, child, SEEN_COMPATIBLE);
    }
    if (fdt_text_is(fdt->name, "numa-node-id")) {
        status = see_once(fdt, child, SEEN_NUMA_NODE);
        return status == MUSTER_OK ? fdt_value_cell(fdt, &child->numa_node) : status;
    }
    return MUSTER_OK;
}

/* ---- reg ---- */

static uint32_t entry_bytes(const struct fdt_child *child)
{
    return (child->address_cells + child->size_cells) * FDT_CELL_BYTES;
}

/* A processor's number has no size; a range of memory has one. */
static enum muster_status check_cells(struct fdt *fdt, const struct fdt_child *child)
{
    bool cpus = child->section == FDT_SECTION_CPUS;
    bool size_is_right =
        cpus ? child->size_cells == 0 : child->size_cells >= 1 && child->size_cells <= CELLS_MAX;

    if (child->address_cells < 1 || child->address_cells > CELLS_MAX)
        return fdt_refuse_child(fdt, MUSTER_ERROR_FDT_CELLS, child, child->address_cells,
                                cpus ? 1 : CELLS_MAX);
    if (!size_is_right)
        return fdt_refuse_child(fdt, MUSTER_ERROR_FDT_CELLS, child, child->size_cells,
                                cpus ? 0 : CELLS_MAX);
    return MUSTER_OK;
}

enum muster_status fdt_reg_count(struct fdt *fdt, const struct fdt_child *child, uint32_t *count)
{
    enum muster_status status = check_cells(fdt, child);

    *count = 0;
    if (status != MUSTER_OK)
        return status;
    if (child->reg_at == 0 || child->reg_bytes == 0 || child->reg_bytes % entry_bytes(child) != 0)
        return fdt_refuse_child(fdt, MUSTER_ERROR_FDT_REG, child, child->reg_bytes,
                                entry_bytes(child));
    *count = child->reg_bytes / entry_bytes(child);
    return MUSTER_OK;
}

struct acpi_range fdt_reg_entry(const struct fdt *fdt, const struct fdt_child *child,
                                uint32_t index)
{
    uint32_t at = child->reg_at + index * entry_bytes(child);

    return (struct acpi_range){
        .phys = fdt_read_cells(fdt, at, child->address_cells),
        .bytes = fdt_read_cells(fdt, at + child->address_cells * FDT_CELL_BYTES, child->size_cells),
    };
}

/* ---- Nodes ---- */

static enum muster_status begin_section(struct walk *walk)
{
    struct fdt *fdt = walk->fdt;
    enum fdt_section section = FDT_SECTION_NONE;

    if (fdt_text_is(fdt->name, "cpus"))
        section = FDT_SECTION_CPUS;
    else if (fdt_text_is(fdt->name, "reserved-memory"))
        section = FDT_SECTION_RESERVED_MEMORY;
    walk->section = (struct fdt_child){
        .section = section,
        .address_cells = FDT_ADDRESS_CELLS,
        .size_cells = FDT_SIZE_CELLS,
        .translated = true,
        .available = true,
        .numa_node = MUSTER_NUMA_NODE_UNKNOWN,
    };
    if (section != FDT_SECTION_NONE && walk->sections_seen & 1u << section)
        return fdt_refuse(fdt, MUSTER_ERROR_FDT_DUPLICATE, 2, 1);
    walk->sections_seen |= 1u << section;
    return MUSTER_OK;
}

static void begin_child(struct walk *walk)
{
    struct fdt *fdt = walk->fdt;

    walk->in_child = walk->section.section != FDT_SECTION_NONE;
    walk->child = walk->section;
    walk->child.seen = 0;
    walk->child.number = fdt->node;
    walk->child.token_at = fdt->token_at;
    walk->child.is_cpu = fdt_text_is(fdt->name, "cpu") || fdt_text_begins(fdt->name, "cpu@");
}

/* Its last property has been read: show the child, once. */
static enum muster_status show_child(struct walk *walk)
{
    if (!walk->in_child)
        return MUSTER_OK;
    walk->in_child = false;
    return walk->visitor->child(walk->visitor->context, walk->fdt, &walk->child);
}

static enum muster_status take_event(struct walk *walk)
{
    struct fdt *fdt = walk->fdt;
    enum muster_status status;

    if (fdt->event == FDT_PROPERTY) {
        if (walk->in_child)
            return take_child_property(fdt, &walk->child);
        if (fdt->depth == SECTION_DEPTH && walk->section.section != FDT_SECTION_NONE)
            return take_section_property(fdt, &walk->section);
        return MUSTER_OK;
    }
    status = show_child(walk);
    if (status != MUSTER_OK || fdt->event != FDT_NODE)
        return status;
    if (fdt->depth == SECTION_DEPTH)
        return begin_section(walk);
    if (fdt->depth == CHILD_DEPTH)
        begin_child(walk);
    return MUSTER_OK;
}

static enum muster_status walk_reserve_map(struct fdt *fdt, const struct fdt_visitor *visitor)
{
    struct acpi_range range;
    enum muster_status status = fdt_reserve_next(fdt, &range);

    while (status == MUSTER_OK && range.bytes != 0) {
        if (visitor->reserve != NULL)
            status = visitor->reserve(visitor->context, fdt, range);
        if (status == MUSTER_OK)
            status = fdt_reserve_next(fdt, &range);
    }
    return status;
}

enum muster_status fdt_walk(struct fdt *fdt, const struct fdt_visitor *visitor)
{
    struct walk walk = {.fdt = fdt, .visitor = visitor};
    enum muster_status status = walk_reserve_map(fdt, visitor);

    if (status != MUSTER_OK)
        return status;
    do {
        status = fdt_next(fdt);
        if (status == MUSTER_OK)
            status = take_event(&walk);
    } while (status == MUSTER_OK && fdt->event != FDT_END);
    return status;
}
