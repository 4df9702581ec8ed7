/*
 * What the library accepts in MADT and SRAT, because it can be read without a guess, and what other
 * kernels stumble over.
 */
#include "cli/inspect/inspection.h"

/* ---- Many entries, one finding ---- */

struct group {
    enum rule_id rule;
    const struct entry *first;
    GArray *ids;
};

static void group_begin(struct group *group, enum rule_id rule)
{
    *group = (struct group){rule, NULL, g_array_new(FALSE, FALSE, sizeof(guint32))};
}

static void group_add(struct group *group, const struct entry *entry, guint32 id)
{
    if (!group->first)
        group->first = entry;
    g_array_append_val(group->ids, id);
}

/* The list of IDs between two texts; the place is the first entry's. */
static void group_end(struct group *group, struct inspection *inspection, const char *before,
                      const char *behind)
{
    if (group->first) {
        char *ids = numbers_text(group->ids);
        inspection_find(inspection, group->rule, group->first->input, group->first->number,
                        group->first->offset, "%s %s%s", before, ids, behind);
        g_free(ids);
    }
    g_array_unref(group->ids);
}

static const struct entry *entry_at(const struct inspection *inspection, guint index)
{
    return &g_array_index(inspection->entries, struct entry, index);
}

static bool is_x2(const struct entry *entry)
{
    return entry->raw.head.type == ACPI_MADT_LOCAL_X2APIC;
}

/* ---- IDs ---- */

struct ids {
    GHashTable *local, *x2, *uids; /* APIC ID to entry; the last: UID to APIC ID + 1 */
    struct group twice, both, uid;
};

static void note_id(struct ids *ids, const struct entry *entry, guint32 id)
{
    GHashTable *own = is_x2(entry) ? ids->x2 : ids->local;
    GHashTable *other = is_x2(entry) ? ids->local : ids->x2;
    guint32 uid =
        is_x2(entry) ? entry->raw.x2apic.processor_uid : entry->raw.local_apic.processor_uid;
    gpointer key = GUINT_TO_POINTER(id), holder;
    if (g_hash_table_contains(own, key))
        group_add(&ids->twice, entry, id);
    else if (g_hash_table_contains(other, key))
        group_add(&ids->both, entry, id);
    else if (g_hash_table_lookup_extended(ids->uids, GUINT_TO_POINTER(uid), NULL, &holder) &&
             GPOINTER_TO_UINT(holder) != id)
        group_add(&ids->uid, entry, uid);
    g_hash_table_add(own, key);
    g_hash_table_insert(ids->uids, GUINT_TO_POINTER(uid), key);
}

static void check_ids(struct inspection *inspection)
{
    struct ids ids = {
        .local = g_hash_table_new(NULL, NULL),
        .x2 = g_hash_table_new(NULL, NULL),
        .uids = g_hash_table_new(NULL, NULL),
    };
    group_begin(&ids.twice, RULE_APIC_ID_TWICE);
    group_begin(&ids.both, RULE_CPU_IN_BOTH_FORMS);
    group_begin(&ids.uid, RULE_ACPI_UID_TWICE);
    for (guint i = 0; i < inspection->entries->len; i++) {
        const struct entry *entry = entry_at(inspection, i);
        guint32 id;
        /* A second MADT is an error by itself. */
        if (entry->input == inspection->madt && entry_is_usable_cpu(entry, &id))
            note_id(&ids, entry, id);
    }
    group_end(&ids.twice, inspection, "More than one usable entry of the same type has APIC ID",
              ".");
    group_end(&ids.both, inspection, "Listed as local APIC and as local x2APIC: APIC ID", ".");
    group_end(&ids.uid, inspection, "More than one usable CPU has the ACPI processor UID", ".");
    g_hash_table_unref(ids.local);
    g_hash_table_unref(ids.x2);
    g_hash_table_unref(ids.uids);
}

/* Those that are listed in the right form as well lose nothing. */
static void check_forms(struct inspection *inspection)
{
    struct group below;
    GHashTable *local = g_hash_table_new(NULL, NULL);
    guint32 id;
    group_begin(&below, RULE_X2APIC_ENTRY_BELOW_255);
    for (guint i = 0; i < inspection->entries->len; i++) {
        const struct entry *entry = entry_at(inspection, i);
        if (entry_is_usable_cpu(entry, &id) && !is_x2(entry))
            g_hash_table_add(local, GUINT_TO_POINTER(id));
    }
    for (guint i = 0; i < inspection->entries->len; i++) {
        const struct entry *entry = entry_at(inspection, i);
        if (entry_is_usable_cpu(entry, &id) && is_x2(entry) && id < ACPI_LOCAL_APIC_ID_NONE &&
            g_hash_table_size(local) > 0 && !g_hash_table_contains(local, GUINT_TO_POINTER(id)))
            group_add(&below, entry, id);
    }
    group_end(&below, inspection, "Beside local APIC entries, listed as x2APIC only: APIC ID", ".");
    g_hash_table_unref(local);
}

/* ---- Flags ---- */

static void check_flags(struct inspection *inspection)
{
    struct group early, both;
    guint32 id, flags;
    group_begin(&early, RULE_ONLINE_CAPABLE_TOO_EARLY);
    group_begin(&both, RULE_ENABLED_AND_ONLINE_CAPABLE);
    for (guint i = 0; i < inspection->entries->len; i++) {
        const struct entry *entry = entry_at(inspection, i);
        if (!entry_is_cpu(entry, &id, &flags) || !(flags & ACPI_MADT_ONLINE_CAPABLE))
            continue;
        if (entry->revision < ACPI_MADT_ONLINE_CAPABLE_REVISION)
            group_add(&early, entry, id);
        else if (flags & ACPI_MADT_ENABLED)
            group_add(&both, entry, id);
    }
    group_end(&early, inspection, "Online-capable in a MADT below revision 5: APIC ID", ".");
    group_end(&both, inspection, "Enabled and online-capable: APIC ID", ".");
}

/* Firmware fills places up with disabled entries of the ID that means none: nobody is missing. */
static bool is_padding(const struct entry *entry, guint32 id)
{
    return id == (is_x2(entry) ? ACPI_X2APIC_ID_NONE : ACPI_LOCAL_APIC_ID_NONE);
}

static void check_absent(struct inspection *inspection)
{
    struct group disabled, coming;
    guint32 id, flags;
    group_begin(&disabled, RULE_CPUS_DISABLED);
    group_begin(&coming, RULE_CPUS_MAY_COME);
    for (guint i = 0; i < inspection->entries->len; i++) {
        const struct entry *entry = entry_at(inspection, i);
        if (!entry_is_cpu(entry, &id, &flags) || flags & ACPI_MADT_ENABLED)
            continue;
        if (entry_is_usable_cpu(entry, &id))
            group_add(&coming, entry, id);
        else if (!is_padding(entry, id))
            group_add(&disabled, entry, id);
    }
    group_end(&disabled, inspection, "Listed as disabled, and dropped: APIC ID", ".");
    group_end(&coming, inspection, "Not there, and may come: APIC ID", ".");
}

/* An enabled CPU with the ID that means none, by its UID. */
static void check_none(struct inspection *inspection)
{
    struct group local, x2;
    guint32 id, flags;
    group_begin(&local, RULE_LOCAL_APIC_ID_255);
    group_begin(&x2, RULE_X2APIC_ID_NONE);
    for (guint i = 0; i < inspection->entries->len; i++) {
        const struct entry *entry = entry_at(inspection, i);
        if (!entry_is_cpu(entry, &id, &flags) || !(flags & ACPI_MADT_ENABLED))
            continue;
        if (!is_padding(entry, id))
            continue;
        if (is_x2(entry))
            group_add(&x2, entry, entry->raw.x2apic.processor_uid);
        else
            group_add(&local, entry, entry->raw.local_apic.processor_uid);
    }
    group_end(&local, inspection, "Enabled, as local APIC with ID 255: ACPI processor UID", ".");
    group_end(&x2, inspection, "Enabled, with the x2APIC ID that means none: ACPI processor UID",
              ".");
}

static void check_types(struct inspection *inspection)
{
    struct group unknown;
    group_begin(&unknown, RULE_ENTRY_TYPE_UNKNOWN);
    for (guint i = 0; i < inspection->entries->len; i++) {
        const struct entry *entry = entry_at(inspection, i);
        if (g_str_equal(entry->input->signature, ACPI_SIGNATURE_MADT) &&
            entry->raw.head.type > ACPI_MADT_TYPE_LAST && entry->raw.head.type < ACPI_MADT_TYPE_OEM)
            group_add(&unknown, entry, entry->raw.head.type);
    }
    group_end(&unknown, inspection, "Skipped: entries of type", ".");
}

/* ---- The BSP, and the SRAT ---- */

static void check_bsp(struct inspection *inspection)
{
    guint32 bsp = inspection->premises.bsp_apic_id, id;
    for (guint i = 0; i < inspection->entries->len; i++) {
        const struct entry *entry = entry_at(inspection, i);
        if (!entry_is_usable_cpu(entry, &id))
            continue;
        if (bsp != MUSTER_BSP_UNKNOWN && id != bsp &&
            muster_machine_find(&inspection->machine, bsp) >= 0)
            inspection_find(
                inspection, RULE_BSP_NOT_FIRST, entry->input, entry->number, entry->offset,
                "The BSP has APIC ID %u, and the first usable entry is of %u.", bsp, id);
        return;
    }
}

static void check_srat(struct inspection *inspection)
{
    struct group unknown, twice;
    GHashTable *listed = g_hash_table_new(NULL, NULL), *nodes = g_hash_table_new(NULL, NULL);
    guint32 id, flags, node;
    gpointer known;
    group_begin(&unknown, RULE_SRAT_UNKNOWN_CPU);
    group_begin(&twice, RULE_SRAT_CPU_TWICE);
    for (guint i = 0; i < inspection->entries->len; i++) {
        const struct entry *entry = entry_at(inspection, i);
        if (entry_is_cpu(entry, &id, &flags))
            g_hash_table_add(listed, GUINT_TO_POINTER(id));
    }
    for (guint i = 0; i < inspection->entries->len; i++) {
        const struct entry *entry = entry_at(inspection, i);
        if (!entry_is_affinity(entry, &id, &node))
            continue;
        if (inspection->madt && !g_hash_table_contains(listed, GUINT_TO_POINTER(id)))
            group_add(&unknown, entry, id);
        if (!g_hash_table_lookup_extended(nodes, GUINT_TO_POINTER(id), NULL, &known))
            g_hash_table_insert(nodes, GUINT_TO_POINTER(id), GUINT_TO_POINTER(node));
        else if (GPOINTER_TO_UINT(known) != node)
            group_add(&twice, entry, id);
    }
    group_end(&unknown, inspection, "The MADT does not list APIC ID",
              ", to which the SRAT gives "
              "a node.");
    group_end(&twice, inspection, "In two NUMA nodes: APIC ID", ".");
    g_hash_table_unref(listed);
    g_hash_table_unref(nodes);
}

void inspection_check_entries(struct inspection *inspection)
{
    check_ids(inspection);
    check_none(inspection);
    check_forms(inspection);
    check_flags(inspection);
    check_absent(inspection);
    check_types(inspection);
    check_bsp(inspection);
    check_srat(inspection);
}
