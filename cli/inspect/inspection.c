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

struct finding *inspection_keep(struct inspection *inspection, const struct finding *finding)
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
    return inspection_keep(inspection, &finding);
}
