#include "cli/inspect/inspection.h"

#include <string.h>
#include <unistd.h>

static void free_finding(gpointer data)
{
    struct finding *finding = data;
    g_free(finding->what);
    g_free(finding->advice);
    g_free(finding);
}

struct inspection *inspection_of(GPtrArray *inputs, const struct premises *premises, GError **error)
{
    struct inspection *inspection = g_new0(struct inspection, 1);
    inspection->inputs = inputs;
    inspection->premises = *premises;
    inspection->msr_fd = -1;
    inspection->memory = memory_new();
    inspection->entries = g_array_new(FALSE, FALSE, sizeof(struct entry));
    inspection->nodes = g_array_new(FALSE, FALSE, sizeof(struct node));
    inspection->findings = g_ptr_array_new_with_free_func(free_finding);
    inspection_open_platform(inspection);
    if (!inspection_lay_out(inspection, error)) {
        inspection_free(inspection);
        return NULL;
    }
    inspection_decode(inspection);
    inspection_discover(inspection);
    inspection_plan(inspection);
    inspection_check_inputs(inspection);
    inspection_check_entries(inspection);
    inspection_check_nodes(inspection);
    inspection_check_memory(inspection);
    inspection_check_mailbox(inspection);
    return inspection;
}

void inspection_free(struct inspection *inspection)
{
    if (!inspection)
        return;
    if (inspection->msr_fd >= 0)
        close(inspection->msr_fd);
    g_free(inspection->machine.cpus);
    g_free(inspection->machine.index);
    g_free(inspection->map.ranges);
    g_ptr_array_unref(inspection->findings);
    g_array_unref(inspection->nodes);
    g_array_unref(inspection->entries);
    memory_free(inspection->memory);
    g_free(inspection);
}

const struct input *inspection_input_at(const struct inspection *inspection, guint64 phys)
{
    for (guint i = 0; i < inspection->inputs->len; i++) {
        const struct input *input = g_ptr_array_index(inspection->inputs, i);
        if (input->bytes && input->phys == phys)
            return input;
    }
    return NULL;
}

/* ---- Findings ---- */

/* The library runs more than once over the same bytes and finds the same again. */
static bool is_known(const struct inspection *inspection, const struct finding *finding)
{
    for (guint i = 0; i < inspection->findings->len; i++) {
        const struct finding *known = g_ptr_array_index(inspection->findings, i);
        if (known->rule == finding->rule && known->input == finding->input &&
            known->entry == finding->entry && known->offset == finding->offset &&
            strcmp(known->what, finding->what) == 0)
            return true;
    }
    return false;
}

/* Kept, unless it is known, or its rule has enough: then it is only counted. */
static struct finding *keep(struct inspection *inspection, const struct finding *finding)
{
    if (!is_known(inspection, finding)) {
        inspection->per_severity[rule_of(finding->rule)->severity]++;
        if (inspection->per_rule[finding->rule]++ < FINDINGS_OF_RULE_MAX) {
            struct finding *kept = g_memdup2(finding, sizeof(*finding));
            g_ptr_array_add(inspection->findings, kept);
            return kept;
        }
    }
    g_free(finding->what);
    g_free(finding->advice);
    return NULL;
}

struct finding *inspection_find(struct inspection *inspection, enum rule_id rule,
                                const struct input *input, guint32 entry, guint32 offset,
                                const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct finding finding = {
        .rule = rule,
        .what = g_strdup_vprintf(format, arguments),
        .advice = g_strdup(rule_of(rule)->advice),
        .input = input,
        .entry = entry,
        .offset = offset,
    };
    va_end(arguments);
    return keep(inspection, &finding);
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
    keep(inspection, &finding);
}
