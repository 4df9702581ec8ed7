/* What was read, and what each entry and node of it says. */
#include <stdio.h>
#include <string.h>

#include "boot/plural.h"
#include "cli/base/table.h"
#include "cli/inspect/print.h"
#include "cli/inspect/words.h"

/* ---- What was read ---- */

static void print_inputs(const struct inspection *inspection)
{
    struct table *table = table_new("read|form|>bytes|file");
    for (guint i = 0; i < inspection->inputs->len; i++) {
        const struct input *input = g_ptr_array_index(inspection->inputs, i);
        char *what = input_words(input);
        table_cell(table, "%s", what);
        table_cell(table, "%s", input->form);
        if (input->bytes)
            table_cell(table, "%" G_GSIZE_FORMAT, g_bytes_get_size(input->bytes));
        else
            table_cell(table, "-");
        table_cell(table, "%s", input->name);
        g_free(what);
    }
    table_print(table, stdout);
    table_free(table);
    if (inspection->rsdp_phys && inspection->root_made)
        printf("An RSDP and an XSDT that lead there were made for the library to start from.\n");
}

/* ---- Entries ---- */

struct row {
    const struct entry *first, *last;
    char *type, *words; /* of each of them */
    GArray *ids;
};

static void add_range(struct table *table, guint64 first, guint64 last, const char *format)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, format, first);
    if (last != first) {
        g_string_append_c(text, '-');
        g_string_append_printf(text, format, last);
    }
    table_cell(table, "%s", text->str);
    g_string_free(text, TRUE);
}

static void end_row(struct table *table, struct row *row)
{
    if (row->first) {
        char *ids = numbers_text(row->ids);
        add_range(table, row->first->number, row->last->number, "%" G_GUINT64_FORMAT);
        add_range(table, row->first->offset, row->last->offset, "0x%" G_GINT64_MODIFIER "x");
        table_cell(table, "%u", row->first->raw.head.length);
        table_cell(table, "%s", row->type);
        table_cell(table, "%s%s%s%s", ids[0] ? "APIC ID " : "", ids, ids[0] ? ": " : "",
                   row->words);
        g_free(ids);
    }
    g_free(row->type);
    g_free(row->words);
    if (row->ids)
        g_array_unref(row->ids);
    *row = (struct row){0};
}

/* What one entry says beside its own number; the UID is left out where many go together. */
static char *words_of(const struct entry *entry, bool grouped)
{
    char *words = entry_words(entry);
    guint32 id, flags;
    const char *comma = strchr(words, ',');
    if (!grouped || !entry_is_cpu(entry, &id, &flags) || !comma)
        return words;
    char *kept = g_strdup(comma + 2);
    g_free(words);
    return kept;
}

static void add_entry(struct table *table, struct row *row, const struct entry *entry, bool grouped)
{
    guint32 id, other;
    bool has_id = entry_is_cpu(entry, &id, &other) || entry_is_affinity(entry, &id, &other);
    char *words = words_of(entry, grouped);
    bool joins = grouped && has_id && row->first && row->first->input == entry->input &&
                 row->first->raw.head.type == entry->raw.head.type &&
                 row->first->raw.head.length == entry->raw.head.length &&
                 g_str_equal(row->words, words);
    if (!joins) {
        end_row(table, row);
        *row = (struct row){
            .first = entry,
            .type = entry_type_words(entry),
            .words = g_strdup(words),
            .ids = g_array_new(FALSE, FALSE, sizeof(guint32)),
        };
    }
    row->last = entry;
    if (has_id)
        g_array_append_val(row->ids, id);
    g_free(words);
}

static void print_table_of(const struct inspection *inspection, const struct input *input)
{
    struct table *table = table_new(">entry|>offset|>bytes|type|says");
    struct row row = {0};
    guint count = 0;
    for (guint i = 0; i < inspection->entries->len; i++)
        count += g_array_index(inspection->entries, struct entry, i).input == input;
    for (guint i = 0; i < inspection->entries->len; i++) {
        const struct entry *entry = &g_array_index(inspection->entries, struct entry, i);
        if (entry->input == input)
            add_entry(table, &row, entry, count > PRINT_MOST_ROWS);
    }
    end_row(table, &row);
    if (count > 0) {
        printf("\n%s (%s), %u %s:\n\n", input->name, input->signature, count,
               plural(count, "entry", "entries"));
        table_print(table, stdout);
    }
    table_free(table);
}

/* ---- The tree ---- */

static void add_node(struct table *table, const struct node *node)
{
    table_cell(table, "%u", node->number);
    table_cell(table, "0x%x", node->offset);
    table_cell(table, "%s", node_kind_words(node->kind));
    if (node->kind != NODE_CPU)
        table_cell(table, "0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER "x bytes%s",
                   node->start, node->bytes, node->available ? "" : ", not okay");
    else if (node->numa_node == MUSTER_NUMA_NODE_UNKNOWN)
        table_cell(table, "APIC ID %" G_GUINT64_FORMAT "%s", node->start,
                   node->available ? "" : ", not okay");
    else
        table_cell(table, "APIC ID %" G_GUINT64_FORMAT ", node %u%s", node->start, node->numa_node,
                   node->available ? "" : ", not okay");
}

static void print_tree(const struct inspection *inspection)
{
    guint count = inspection->nodes->len;
    if (count == 0)
        return;
    printf("\n%s, %u %s:\n\n", inspection->fdt->name, count,
           plural(count, "node that matters", "nodes that matter"));
    struct table *table = table_new(">node|>offset|kind|says");
    for (guint i = 0; i < count && i < PRINT_MOST_ROWS; i++)
        add_node(table, &g_array_index(inspection->nodes, struct node, i));
    table_print(table, stdout);
    table_free(table);
    if (count > PRINT_MOST_ROWS)
        printf("... and %u more: --json has all\n", count - PRINT_MOST_ROWS);
}

/* ---- The memory map ---- */

static void print_map(const struct inspection *inspection)
{
    guint32 count = inspection->map.count;
    if (count == 0)
        return;
    printf("\nMemory, %u %s:\n\n", count, plural(count, "range", "ranges"));
    struct table *table = table_new(">from|>to|says");
    for (guint32 i = 0; i < count && i < PRINT_MOST_ROWS; i++) {
        const struct muster_memory_range *range = &inspection->map.ranges[i];
        table_cell(table, "0x%" G_GINT64_MODIFIER "x", range->start_phys);
        table_cell(table, "0x%" G_GINT64_MODIFIER "x", range->end_phys - 1);
        table_cell(table, "%s", memory_type_words(range->type));
    }
    table_print(table, stdout);
    table_free(table);
    if (count > PRINT_MOST_ROWS)
        printf("... and %u more: --json has all\n", count - PRINT_MOST_ROWS);
}

void print_tables(const struct inspection *inspection)
{
    print_inputs(inspection);
    for (guint i = 0; i < inspection->inputs->len; i++)
        print_table_of(inspection, g_ptr_array_index(inspection->inputs, i));
    print_tree(inspection);
    print_map(inspection);
    if (inspection->not_all_kept)
        printf("... of more than %u entries or nodes only those are kept\n", ENTRIES_SHOWN_MAX);
}
