/* Every entry of the tables and node of the tree, by the library's own walks, good or bad. */
#include "cli/inspect/inspection.h"
#include "lib/firmware/fdt_walk.h"

/* ---- MADT and SRAT ---- */

struct decoding {
    struct inspection *inspection;
    const struct input *input;
    const struct acpi_table *table;
};

static enum muster_status take_entry(void *context, const union acpi_entry *raw)
{
    const struct decoding *decoding = context;
    struct inspection *inspection = decoding->inspection;
    struct entry entry = {
        .input = decoding->input,
        .number = decoding->table->entry,
        .offset = decoding->table->entry_at,
        .revision = decoding->table->header.revision,
    };
    memcpy(&entry.raw, raw, MIN(raw->head.length, sizeof(entry.raw)));
    if (inspection->entries->len < ENTRIES_SHOWN_MAX)
        g_array_append_val(inspection->entries, entry);
    else
        inspection->not_all_kept = true;
    return MUSTER_OK;
}

/* Discovery tells what is wrong; here it only must not end the walk. */
static void overhear(void *context, const struct muster_finding *refusal)
{
    (void)context;
    (void)refusal;
}

static void decode_table(struct inspection *inspection, const struct input *input,
                         const struct acpi_entries *kind)
{
    const struct muster_listener listener = {.refused = overhear};
    struct muster_finding refusal;
    struct acpi_table table;
    struct decoding decoding = {inspection, input, &table};
    const struct acpi_entries_reader reader = {&decoding, take_entry, &listener};
    if (acpi_table_open(&table, &inspection->platform, input->phys, input->signature, &refusal) ==
            MUSTER_OK &&
        acpi_table_skip(&table, kind->fixed_bytes - (guint32)sizeof(struct acpi_header)))
        acpi_entries_walk(&table, kind, &reader);
}

/* ---- The tree ---- */

static void keep_node(struct inspection *inspection, const struct node *node)
{
    if (inspection->nodes->len < ENTRIES_SHOWN_MAX)
        g_array_append_val(inspection->nodes, *node);
    else
        inspection->not_all_kept = true;
}

static enum muster_status take_reserve(void *context, struct fdt *fdt, struct acpi_range range)
{
    const struct node node = {
        .kind = NODE_RESERVE,
        .offset = fdt->header.off_mem_rsvmap,
        .available = true,
        .start = range.phys,
        .bytes = range.bytes,
    };
    keep_node(context, &node);
    return MUSTER_OK;
}

static enum muster_status take_child(void *context, struct fdt *fdt, const struct fdt_child *child)
{
    bool is_memory = child->section == FDT_SECTION_RESERVED_MEMORY;
    struct node node = {
        .kind = child->is_mailbox ? NODE_MAILBOX
                : is_memory       ? NODE_MEMORY
                                  : NODE_CPU,
        .number = child->number,
        .offset = child->token_at,
        .available = child->available,
        .numa_node = child->numa_node,
    };
    guint32 count = 0;
    if (!is_memory && !child->is_cpu)
        return MUSTER_OK;
    /* One without a right reg is shown by discovery, which refuses it where it matters. */
    if (fdt_reg_count(fdt, child, &count) != MUSTER_OK)
        *fdt->finding = (struct muster_finding){0};
    for (guint32 i = 0; i < count; i++) {
        struct acpi_range range = fdt_reg_entry(fdt, child, i);
        node.start = range.phys;
        node.bytes = range.bytes;
        keep_node(context, &node);
    }
    return MUSTER_OK;
}

static void decode_tree(struct inspection *inspection, const struct input *input)
{
    const struct fdt_visitor visitor = {inspection, take_reserve, take_child};
    struct muster_finding refusal;
    struct fdt fdt;
    if (fdt_open(&fdt, &inspection->platform, input->phys, &refusal) == MUSTER_OK)
        fdt_walk(&fdt, &visitor);
}

/* A table that was given twice lies in one place, and is decoded once. */
void inspection_decode(struct inspection *inspection)
{
    for (guint i = 0; i < inspection->inputs->len; i++) {
        const struct input *input = g_ptr_array_index(inspection->inputs, i);
        if (!input->bytes || inspection_input_at(inspection, input->phys) != input)
            continue;
        if (g_str_equal(input->signature, ACPI_SIGNATURE_MADT))
            decode_table(inspection, input, &madt_entries);
        if (g_str_equal(input->signature, ACPI_SIGNATURE_SRAT))
            decode_table(inspection, input, &srat_entries);
        if (input->kind == INPUT_FDT)
            decode_tree(inspection, input);
    }
}

/* ---- What an entry says ---- */

static bool is_of(const struct entry *entry, const char *signature)
{
    return g_str_equal(entry->input->signature, signature);
}

bool entry_is_cpu(const struct entry *entry, guint32 *apic_id, guint32 *flags)
{
    const union acpi_entry *raw = &entry->raw;
    if (!is_of(entry, ACPI_SIGNATURE_MADT))
        return false;
    if (raw->head.type == ACPI_MADT_LOCAL_APIC) {
        *apic_id = raw->local_apic.apic_id;
        *flags = raw->local_apic.flags;
        return true;
    }
    if (raw->head.type == ACPI_MADT_LOCAL_X2APIC) {
        *apic_id = raw->x2apic.apic_id;
        *flags = raw->x2apic.flags;
        return true;
    }
    return false;
}

bool entry_is_usable_cpu(const struct entry *entry, guint32 *apic_id)
{
    guint32 flags;
    if (!entry_is_cpu(entry, apic_id, &flags))
        return false;
    bool is_x2 = entry->raw.head.type == ACPI_MADT_LOCAL_X2APIC;
    bool may_come =
        entry->revision >= ACPI_MADT_ONLINE_CAPABLE_REVISION && flags & ACPI_MADT_ONLINE_CAPABLE;
    return *apic_id != (is_x2 ? ACPI_X2APIC_ID_NONE : ACPI_LOCAL_APIC_ID_NONE) &&
           (flags & ACPI_MADT_ENABLED || may_come);
}

bool entry_is_affinity(const struct entry *entry, guint32 *apic_id, guint32 *node)
{
    const struct acpi_srat_local_apic *small = &entry->raw.srat_local_apic;
    const struct acpi_srat_local_x2apic *large = &entry->raw.srat_x2apic;
    if (!is_of(entry, ACPI_SIGNATURE_SRAT))
        return false;
    if (entry->raw.head.type == ACPI_SRAT_LOCAL_APIC && small->flags & ACPI_SRAT_ENABLED) {
        *apic_id = small->apic_id;
        *node = small->domain_low | (guint32)small->domain_high[0] << 8 |
                (guint32)small->domain_high[1] << 16 | (guint32)small->domain_high[2] << 24;
        return true;
    }
    if (entry->raw.head.type == ACPI_SRAT_LOCAL_X2APIC && large->flags & ACPI_SRAT_ENABLED) {
        *apic_id = large->apic_id;
        *node = large->domain;
        return true;
    }
    return false;
}

static int by_number(gconstpointer a, gconstpointer b)
{
    guint32 left = *(const guint32 *)a, right = *(const guint32 *)b;
    return (left > right) - (left < right);
}

char *numbers_text(GArray *numbers)
{
    GString *text = g_string_new(NULL);
    g_array_sort(numbers, by_number);
    for (guint i = 0; i < numbers->len;) {
        guint32 first = g_array_index(numbers, guint32, i), last = first;
        while (++i < numbers->len && g_array_index(numbers, guint32, i) - last <= 1)
            last = g_array_index(numbers, guint32, i);
        g_string_append_printf(text, text->len ? ", %u" : "%u", first);
        if (last != first)
            g_string_append_printf(text, "-%u", last);
    }
    return g_string_free(text, FALSE);
}
