/* The mailbox: how it is published, where it lies, and what of its firmware lies beside it. */
#include <string.h>

#include "abi/mailbox.h"
#include "abi/sizes.h"
#include "abi/x86.h"
#include "cli/inspect/words.h"


/*
 * Where TDVF of before stable202411 keeps what its APs stand on (OvmfPkg's memory layout): six page
 * tables, and from the TD HOB on its work area, which was declared usable until stable202508. No
 * table tells this, nor who wrote it: see is_like_tdvf().
 */
static const struct {
    guint64 start, bytes;
    const char *name;
} tdvf_ranges[] = {
    {0x800000, 6 * PAGE_BYTES, "AP page tables"},
    {0x809000, 4 * PAGE_BYTES, "TD HOB, work area and early mailbox"},
};

/* The type of all of a range, the least restrictive that a part of it has; false: in a hole. */
static bool type_of(const struct muster_memory_map *map, guint64 start, guint64 bytes,
                    enum muster_memory_type *type)
{
    guint64 at = start;
    *type = MUSTER_MEMORY_UNUSABLE;
    while (at < start + bytes) {
        const struct muster_memory_range *range = muster_memory_find(map, at);
        if (!range)
            return false;
        *type = MIN(*type, range->type);
        at = range->end_phys;
    }
    return true;
}

struct place {
    const struct input *input;
    guint32 entry, offset;
    guint64 phys;
};

/* One that the library refuses has its finding already. */
static bool is_a_page(guint64 phys)
{
    return phys != 0 && phys % MAILBOX_BYTES == 0 && phys <= (PTE_ADDRESS | (PAGE_BYTES - 1));
}

static void check_place(struct inspection *inspection, const struct place *place)
{
    enum muster_memory_type type;
    enum rule_id rule = RULE_COUNT;
    if (!is_a_page(place->phys))
        return;
    if (place->phys >= FOUR_GIB)
        inspection_find(inspection, RULE_MAILBOX_ABOVE_4G, place->input, place->entry,
                        place->offset, "The mailbox lies at 0x%" G_GINT64_MODIFIER "x.",
                        place->phys);
    if (!inspection->has_map)
        inspection_find(inspection, RULE_MAILBOX_UNCHECKED, place->input, place->entry,
                        place->offset, "%s", rule_of(RULE_MAILBOX_UNCHECKED)->what);
    else if (!type_of(&inspection->map, place->phys, MAILBOX_BYTES, &type))
        inspection_find(
            inspection, RULE_MAILBOX_OUTSIDE_MAP, place->input, place->entry, place->offset,
            "The memory map has nothing at the mailbox's page, 0x%" G_GINT64_MODIFIER "x.",
            place->phys);
    else if (type != MUSTER_MEMORY_NVS)
        rule = type == MUSTER_MEMORY_USABLE ? RULE_MAILBOX_IN_USABLE_MEMORY : RULE_MAILBOX_NOT_NVS;
    if (rule != RULE_COUNT)
        inspection_find(inspection, rule, place->input, place->entry, place->offset,
                        "The mailbox's page, 0x%" G_GINT64_MODIFIER "x, is declared %s.",
                        place->phys, memory_type_words(type));
}

static void check_publication(struct inspection *inspection, const struct entry *entry)
{
    const struct acpi_madt_wakeup *wakeup = &entry->raw.wakeup;
    guint32 length = wakeup->entry.length;
    if (wakeup->mailbox_version == 1 && length == ACPI_MADT_WAKEUP_BYTES_V0)
        inspection_find(inspection, RULE_WAKEUP_V1_IN_16_BYTES, entry->input, entry->number,
                        entry->offset,
                        "The mailbox's version is %u and its entry is %u bytes "
                        "long: there is no ResetVector.",
                        wakeup->mailbox_version, length);
    if (wakeup->mailbox_version == 0 && length >= ACPI_MADT_WAKEUP_BYTES_V1 && wakeup->reset_vector)
        inspection_find(inspection, RULE_WAKEUP_V0_WITH_RESET, entry->input, entry->number,
                        entry->offset, "Version 0, and a ResetVector of 0x%" G_GINT64_MODIFIER "x.",
                        wakeup->reset_vector);
    if (wakeup->reserved)
        inspection_find(inspection, RULE_WAKEUP_RESERVED_FIELD, entry->input, entry->number,
                        entry->offset, "The reserved field is 0x%x.", wakeup->reserved);
}

/*
 * Version 1 in 16 bytes is what TDVF published before stable202311. Later ones, until 202508, had
 * version 0 there; TDVF takes QEMU's own MADT and puts the entry behind it, which is what the name
 * in the header tells.
 */
static bool is_like_tdvf(const struct entry *entry)
{
    static const char qemu[] = "BOCHS ";
    struct acpi_header header;
    gsize count;
    const guint8 *data = g_bytes_get_data(entry->input->bytes, &count);
    if (entry->raw.head.length != ACPI_MADT_WAKEUP_BYTES_V0 || count < sizeof(header))
        return false;
    memcpy(&header, data, sizeof(header));
    return entry->raw.wakeup.mailbox_version == 1 ||
           memcmp(header.oem_id, qemu, sizeof(header.oem_id)) == 0;
}

/* Only what is in doubt: that they are there is known, that they are a TDVF's is inferred. */
static void check_tdvf(struct inspection *inspection, const struct entry *entry)
{
    enum muster_memory_type type;
    if (!inspection->has_map || !is_like_tdvf(entry))
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(tdvf_ranges); i++) {
        guint64 start = tdvf_ranges[i].start, bytes = tdvf_ranges[i].bytes;
        if (!type_of(&inspection->map, start, bytes, &type) || type != MUSTER_MEMORY_USABLE)
            continue;
        struct finding *finding = inspection_find(
            inspection, RULE_TDVF_MEMORY_USABLE, entry->input, entry->number, entry->offset,
            "If this is a TDVF, as its wakeup entry suggests, its %s are at 0x%x-0x%x, which "
            "is declared usable.",
            tdvf_ranges[i].name, (guint)start, (guint)(start + bytes - 1));
        if (finding)
            finding->likely = true;
    }
}

static bool is_wakeup(const struct entry *entry)
{
    return entry->raw.head.type == ACPI_MADT_WAKEUP &&
           g_str_equal(entry->input->signature, ACPI_SIGNATURE_MADT);
}

/* A second entry that says something else is refused by the library. */
static void check_repeated(struct inspection *inspection, const struct entry *first,
                           const struct entry *entry)
{
    if (first && memcmp(&first->raw, &entry->raw, sizeof(entry->raw)) == 0)
        inspection_find(inspection, RULE_WAKEUP_ENTRY_TWICE, entry->input, entry->number,
                        entry->offset, "Entry %u says the same.", first->number);
}

static const struct entry *check_wakeups(struct inspection *inspection)
{
    const struct entry *first = NULL;
    for (guint i = 0; i < inspection->entries->len; i++) {
        const struct entry *entry = &g_array_index(inspection->entries, struct entry, i);
        if (!is_wakeup(entry))
            continue;
        struct place place = {entry->input, entry->number, entry->offset,
                              entry->raw.wakeup.mailbox_address};
        check_repeated(inspection, first, entry);
        check_publication(inspection, entry);
        check_place(inspection, &place);
        check_tdvf(inspection, entry);
        first = first ? first : entry;
    }
    return first;
}

static bool check_trees_mailboxes(struct inspection *inspection)
{
    bool some = false;
    for (guint i = 0; i < inspection->nodes->len; i++) {
        const struct node *node = &g_array_index(inspection->nodes, struct node, i);
        if (node->kind != NODE_MAILBOX || !node->available)
            continue;
        struct place place = {inspection->fdt, node->number, node->offset, node->start};
        check_place(inspection, &place);
        some = true;
    }
    return some;
}

void inspection_check_mailbox(struct inspection *inspection)
{
    bool by_acpi = check_wakeups(inspection) != NULL;
    bool by_tree = check_trees_mailboxes(inspection);
    if (inspection->madt && inspection->fdt && by_acpi != by_tree)
        inspection_find(inspection, RULE_MAILBOX_IN_ONE_SOURCE, NULL, NO_PLACE, NO_PLACE,
                        "Only %s describes the mailbox.", by_acpi ? "ACPI" : "the device tree");
}
