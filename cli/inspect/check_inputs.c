/* What is given as such: bytes behind a table's end, the memory map, the tree's CPUs. */
#include <string.h>

#include "abi/fdt.h"
#include "cli/inspect/inspection.h"

/* The length that a table or tree says it has; 0: it says none, or cannot. */
static gsize said_bytes(const struct input *input)
{
    gsize count;
    const guint8 *data = g_bytes_get_data(input->bytes, &count);
    struct acpi_header header;
    struct fdt_header tree;
    if (input->kind == INPUT_TABLE && count >= sizeof(header)) {
        memcpy(&header, data, sizeof(header));
        return header.length;
    }
    if (input->kind == INPUT_FDT && count >= sizeof(tree)) {
        memcpy(&tree, data, sizeof(tree));
        return GUINT32_FROM_BE(tree.totalsize);
    }
    return 0;
}

void inspection_check_inputs(struct inspection *inspection)
{
    for (guint i = 0; i < inspection->inputs->len; i++) {
        const struct input *input = g_ptr_array_index(inspection->inputs, i);
        gsize given = input->bytes ? g_bytes_get_size(input->bytes) : 0;
        gsize said = input->bytes ? said_bytes(input) : 0;
        if (said && given > said)
            inspection_find(inspection, RULE_TABLE_LONGER_IN_FILE, input, NO_PLACE, (guint32)said,
                            "It says that it has %" G_GSIZE_FORMAT " bytes; %" G_GSIZE_FORMAT
                            " were given.",
                            said, given);
    }
}

void inspection_check_nodes(struct inspection *inspection)
{
    for (guint i = 0; i < inspection->nodes->len; i++) {
        const struct node *node = &g_array_index(inspection->nodes, struct node, i);
        if (node->kind == NODE_CPU && !node->available)
            inspection_find(
                inspection, RULE_CPUS_DISABLED, inspection->fdt, node->number, node->offset,
                "Its status is not okay, and it is dropped: APIC ID %" G_GUINT64_FORMAT ".",
                node->start);
    }
}

/* ---- The memory map ---- */

static void check_overlap(struct inspection *inspection, const struct input *input, guint32 number,
                          const struct input_range *range)
{
    enum muster_memory_type type = muster_memory_type_from_e820(range->e820_type);
    for (guint32 i = 0; i < number; i++) {
        const struct input_range *other = &g_array_index(input->ranges, struct input_range, i);
        if (range->start_phys > other->last_phys || other->start_phys > range->last_phys ||
            muster_memory_type_from_e820(other->e820_type) == type)
            continue;
        inspection_find(inspection, RULE_MAP_OVERLAP, input, number, NO_PLACE,
                        "Range %u, 0x%" G_GINT64_MODIFIER "x-0x%" G_GINT64_MODIFIER
                        "x, overlaps range %u of another type.",
                        number, range->start_phys, range->last_phys, i);
        return;
    }
}

static void add_range(struct inspection *inspection, const struct input *input, guint32 number)
{
    const struct input_range *range = &g_array_index(input->ranges, struct input_range, number);
    if (range->last_phys < range->start_phys || range->last_phys == G_MAXUINT64) {
        inspection_find(inspection, RULE_MAP_RANGE, input, number, NO_PLACE,
                        "Range %u is 0x%" G_GINT64_MODIFIER "x-0x%" G_GINT64_MODIFIER "x.", number,
                        range->start_phys, range->last_phys);
        return;
    }
    check_overlap(inspection, input, number, range);
    muster_memory_add(&inspection->map, range->start_phys, range->last_phys - range->start_phys + 1,
                      muster_memory_type_from_e820(range->e820_type));
}

/* The tree's reservations go on top, as a kernel would have it. */
void inspection_check_memory(struct inspection *inspection)
{
    guint32 count = inspection->nodes->len;
    for (guint i = 0; i < inspection->inputs->len; i++) {
        const struct input *input = g_ptr_array_index(inspection->inputs, i);
        count += input->ranges ? input->ranges->len : 0;
    }
    guint32 capacity = 2 * count + 1;
    muster_memory_init(&inspection->map, g_new0(struct muster_memory_range, capacity), capacity);
    for (guint i = 0; i < inspection->inputs->len; i++) {
        const struct input *input = g_ptr_array_index(inspection->inputs, i);
        for (guint32 j = 0; input->ranges && j < input->ranges->len; j++)
            add_range(inspection, input, j);
        inspection->has_map = inspection->has_map || input->ranges;
    }
    struct muster_finding refusal = {0};
    if (inspection->has_map && inspection->fdt &&
        muster_memory_add_fdt(&inspection->map, &inspection->platform, inspection->fdt->phys,
                              &refusal) != MUSTER_OK)
        inspection_hear(inspection, &refusal);
}
