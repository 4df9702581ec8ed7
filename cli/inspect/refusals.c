/* What the library refuses becomes a finding: which rule that breaks, and in which words. */
#include <string.h>

#include "cli/inspect/inspection.h"

static const struct {
    enum muster_status status;
    enum rule_id rule;
} refusals[] = {
    {MUSTER_ERROR_RSDP_SIGNATURE, RULE_RSDP_CHECKSUM},
    {MUSTER_ERROR_RSDP_CHECKSUM, RULE_RSDP_CHECKSUM},
    {MUSTER_ERROR_RSDP_ADDRESS, RULE_TABLE_TRUNCATED},
    {MUSTER_ERROR_RSDP_LENGTH, RULE_RSDP_LENGTH},
    {MUSTER_ERROR_RSDP_NO_TABLES, RULE_RSDP_NO_TABLES},
    {MUSTER_ERROR_TABLE_ADDRESS, RULE_TABLE_ADDRESS},
    {MUSTER_ERROR_TABLE_SIGNATURE, RULE_TABLE_ADDRESS},
    {MUSTER_ERROR_TABLE_LENGTH, RULE_TABLE_LENGTH},
    {MUSTER_ERROR_TABLE_CHECKSUM, RULE_TABLE_CHECKSUM},
    {MUSTER_ERROR_TABLE_OVERLAP, RULE_TABLE_OVERLAP},
    {MUSTER_ERROR_TABLE_CHANGED, RULE_TABLE_CHECKSUM},
    {MUSTER_ERROR_MADT_DUPLICATE, RULE_MADT_TWICE},
    {MUSTER_ERROR_MADT_ENTRY_LENGTH, RULE_ENTRY_LENGTH},
    {MUSTER_ERROR_MADT_ENTRY_OVERRUN, RULE_ENTRY_OVERRUN},
    {MUSTER_ERROR_MADT_NO_CPU, RULE_NO_ENABLED_CPU},
    {MUSTER_ERROR_MADT_NO_BSP, RULE_BSP_NOT_LISTED},
    {MUSTER_ERROR_MADT_LAPIC_ADDRESS, RULE_LAPIC_ADDRESS},
    {MUSTER_ERROR_WAKEUP_LENGTH, RULE_WAKEUP_LENGTH},
    {MUSTER_ERROR_WAKEUP_DUPLICATE, RULE_WAKEUP_ENTRIES_DIFFER},
    {MUSTER_ERROR_WAKEUP_VERSION, RULE_MAILBOX_VERSION},
    {MUSTER_ERROR_MAILBOX_ADDRESS, RULE_MAILBOX_ADDRESS},
    {MUSTER_ERROR_MAILBOX_ALIGNMENT, RULE_MAILBOX_ALIGNMENT},
    {MUSTER_ERROR_RESET_VECTOR_ADDRESS, RULE_RESET_VECTOR_ADDRESS},
    {MUSTER_ERROR_SRAT_ENTRY_LENGTH, RULE_ENTRY_LENGTH},
    {MUSTER_ERROR_SRAT_ENTRY_OVERRUN, RULE_ENTRY_OVERRUN},
    {MUSTER_ERROR_FDT_ADDRESS, RULE_TABLE_TRUNCATED},
    {MUSTER_ERROR_FDT_MAGIC, RULE_FDT_HEADER},
    {MUSTER_ERROR_FDT_VERSION, RULE_FDT_HEADER},
    {MUSTER_ERROR_FDT_SIZE, RULE_FDT_HEADER},
    {MUSTER_ERROR_FDT_BLOCK, RULE_FDT_HEADER},
    {MUSTER_ERROR_FDT_RESERVE_MAP, RULE_FDT_STRUCTURE},
    {MUSTER_ERROR_FDT_TRUNCATED, RULE_FDT_STRUCTURE},
    {MUSTER_ERROR_FDT_NAME, RULE_FDT_STRUCTURE},
    {MUSTER_ERROR_FDT_STRUCTURE, RULE_FDT_STRUCTURE},
    {MUSTER_ERROR_FDT_DEPTH, RULE_FDT_STRUCTURE},
    {MUSTER_ERROR_FDT_DUPLICATE, RULE_FDT_STRUCTURE},
    {MUSTER_ERROR_FDT_PROPERTY, RULE_FDT_PROPERTY},
    {MUSTER_ERROR_FDT_CELLS, RULE_FDT_PROPERTY},
    {MUSTER_ERROR_FDT_RANGES, RULE_FDT_PROPERTY},
    {MUSTER_ERROR_FDT_REG, RULE_FDT_PROPERTY},
    {MUSTER_ERROR_FDT_CPU_DUPLICATE, RULE_FDT_CPU_TWICE},
    {MUSTER_ERROR_FDT_NO_CPU, RULE_FDT_NO_CPU},
    {MUSTER_ERROR_FDT_NO_BSP, RULE_FDT_BSP_NOT_LISTED},
    {MUSTER_ERROR_FDT_MAILBOX_REGION, RULE_FDT_MAILBOX_REGION},
    {MUSTER_ERROR_FDT_MAILBOX_DUPLICATE, RULE_FDT_TWO_MAILBOXES},
    {MUSTER_ERROR_SOURCES_CPUS_DIFFER, RULE_SOURCES_CPUS_DIFFER},
    {MUSTER_ERROR_SOURCES_MAILBOX_DIFFERS, RULE_SOURCES_MAILBOX_DIFFERS},
    {MUSTER_ERROR_NO_WAY, RULE_NO_WAY},
    {MUSTER_ERROR_APIC_ID_BEYOND_XAPIC, RULE_APIC_ID_NEEDS_X2APIC},
};

static enum rule_id rule_of_status(enum muster_status status)
{
    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        if (refusals[i].status == status)
            return refusals[i].rule;
    }
    return RULE_COUNT;
}

/* The given bytes end before the table does: the library only sees that it cannot map them. */
static void find_truncated(struct inspection *inspection, const struct input *input)
{
    inspection_find(inspection, RULE_TABLE_TRUNCATED, input, NO_PLACE, 0,
                    "%" G_GSIZE_FORMAT " bytes were given, and it says that it is longer.",
                    g_bytes_get_size(input->bytes));
}

static enum rule_id rule_of_refusal(const struct muster_finding *refusal)
{
    enum rule_id rule = rule_of_status(refusal->status);
    return rule == RULE_ENTRY_LENGTH && refusal->found < sizeof(struct acpi_madt_entry)
               ? RULE_ENTRY_LENGTH_ZERO
               : rule;
}

/* The library's text: what is wrong is its first sentence; the rest is whose fault, what to do. */
static void split_text(enum muster_status status, struct finding *finding)
{
    const char *text = muster_error_text(status);
    const char *end = strstr(text, ". ");
    finding->what = end ? g_strndup(text, (gsize)(end + 1 - text)) : g_strdup(text);
    finding->advice = end ? g_strdup(end + 2) : NULL;
}

static char *name_of(const struct inspection *inspection, guint64 phys)
{
    const struct input *input = inspection_input_at(inspection, phys);
    return g_strdup(input ? input->name : "?");
}

/* Both tables by the names of their files: where we laid them tells nobody anything. */
static void name_madts(const struct inspection *inspection, const struct muster_finding *refusal,
                       struct finding *finding)
{
    char *one = name_of(inspection, refusal->wanted);
    char *other = name_of(inspection, refusal->found);
    char *what = g_strdup_printf("%s They are: %s, %s.", finding->what, one, other);
    g_free(finding->what);
    finding->what = what;
    finding->has_values = false;
    g_free(one);
    g_free(other);
}

/* It is no entry's fault, so no entry is its place. */
static void name_bsp(const struct muster_finding *refusal, struct finding *finding)
{
    char *what = g_strdup_printf("%s That is APIC ID %" G_GUINT64_FORMAT ".", finding->what,
                                 refusal->wanted);
    g_free(finding->what);
    finding->what = what;
    finding->entry = finding->offset = NO_PLACE;
    finding->has_values = false;
}

/* What each of the two sources says, in words. */
static void name_difference(const struct muster_finding *refusal, struct finding *finding)
{
    guint32 in_tree = (guint32)refusal->found, in_acpi = (guint32)refusal->wanted;
    g_free(finding->what);
    if (refusal->status == MUSTER_ERROR_SOURCES_MAILBOX_DIFFERS) {
        finding->what = g_strdup_printf("The device tree's mailbox is at 0x%" G_GINT64_MODIFIER
                                        "x, and ACPI's at 0x%" G_GINT64_MODIFIER "x.",
                                        refusal->found, refusal->wanted);
        return;
    }
    finding->has_values = false;
    finding->what =
        in_acpi == ACPI_X2APIC_ID_NONE
            ? g_strdup_printf("The device tree lists APIC ID %u as usable; ACPI does not.", in_tree)
            : g_strdup_printf("ACPI lists APIC ID %u as usable; the device tree does not.",
                              in_acpi);
}

void inspection_hear(void *context, const struct muster_finding *refusal)
{
    struct inspection *inspection = context;
    const struct input *cut = inspection_input_at(inspection, refusal->found);
    enum rule_id rule = rule_of_refusal(refusal);
    bool unmapped = rule == RULE_TABLE_ADDRESS || rule == RULE_TABLE_TRUNCATED;
    if (rule == RULE_COUNT || (unmapped && cut)) {
        if (rule != RULE_COUNT)
            find_truncated(inspection, cut);
        return;
    }
    struct finding finding = {
        .rule = rule,
        .input = inspection_input_at(inspection, refusal->table_phys),
        .entry = refusal->entry,
        .offset = refusal->offset,
        .has_values = true,
        .found = refusal->found,
        .wanted = refusal->wanted,
    };
    split_text(refusal->status, &finding);
    if (rule == RULE_MADT_TWICE)
        name_madts(inspection, refusal, &finding);
    if (rule == RULE_BSP_NOT_LISTED)
        name_bsp(refusal, &finding);
    if (rule == RULE_SOURCES_CPUS_DIFFER || rule == RULE_SOURCES_MAILBOX_DIFFERS)
        name_difference(refusal, &finding);
    inspection_keep(inspection, &finding);
}
