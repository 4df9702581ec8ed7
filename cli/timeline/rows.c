#include "cli/timeline/rows.h"

#define HEADING_HEIGHT 23.0
#define HIGH_ROW       16.0
#define LABEL_HEIGHT   13.0

/* From this on every row has its label, and room for thick and thin. */
#define LABEL_PITCH 10.0

/* More groups than this, or groups of one, say nothing. */
#define MOST_GROUPS 16

/* Packages and nodes, as far as they differ. */
struct grouping {
    bool by_package, by_node;
};

static double choose_pitch(guint count)
{
    static const struct {
        guint most;
        double pitch;
    } pitches[] = {{12, 26}, {24, 20}, {40, 16}, {80, 11}, {160, 6}, {320, 4}};
    for (size_t i = 0; i < G_N_ELEMENTS(pitches); i++) {
        if (count <= pitches[i].most)
            return pitches[i].pitch;
    }
    return 2;
}

/* The BSP is drawn apart, and who came later not at all. */
static bool has_row(const struct timeline *timeline, guint cpu)
{
    return cpu != timeline->bsp && !timeline_cpu(timeline, cpu)->late;
}

bool rows_are_dense(const struct timeline *timeline)
{
    guint count = 0;
    for (guint i = 0; i < timeline->cpus->len; i++)
        count += has_row(timeline, i);
    return choose_pitch(count) < LABEL_PITCH;
}

static guint count_values(const struct timeline *timeline, bool node)
{
    GHashTable *values = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (guint i = 0; i < timeline->cpus->len; i++) {
        struct timeline_cpu *cpu = timeline_cpu(timeline, i);
        gint64 *value = node ? &cpu->node : &cpu->package;
        if (!cpu->late && *value >= 0)
            g_hash_table_add(values, value);
    }
    guint count = g_hash_table_size(values);
    g_hash_table_unref(values);
    return count;
}

static struct grouping choose_grouping(const struct timeline *timeline)
{
    guint packages = count_values(timeline, false), nodes = count_values(timeline, true);
    guint most = MIN(MOST_GROUPS, timeline->cpus->len / 2);
    return (struct grouping){packages > 1 && packages <= most, nodes > 1 && nodes <= most};
}

/* What is not known comes last. */
static int compare_values(gint64 left, gint64 right)
{
    if (left < 0 || right < 0)
        return (left < 0) - (right < 0);
    return (left > right) - (left < right);
}

static int compare_groups(const struct grouping *grouping, const struct timeline_cpu *left,
                          const struct timeline_cpu *right)
{
    int order = grouping->by_package ? compare_values(left->package, right->package) : 0;
    return order || !grouping->by_node ? order : compare_values(left->node, right->node);
}

struct sorting {
    const struct timeline *timeline;
    struct grouping grouping;
};

/* Within a group as the report has them. */
static int by_group(gconstpointer a, gconstpointer b, gpointer data)
{
    const struct sorting *sorting = data;
    const struct row *left = a, *right = b;
    int order = compare_groups(&sorting->grouping, timeline_cpu(sorting->timeline, left->cpu),
                               timeline_cpu(sorting->timeline, right->cpu));
    return order ? order : compare_values(left->cpu, right->cpu);
}

static void add_part(GString *text, const char *name, gint64 value)
{
    g_string_append(text, text->len ? ", " : "");
    if (value < 0)
        g_string_append_printf(text, "%s not known", name);
    else
        g_string_append_printf(text, "%s %" G_GINT64_FORMAT, name, value);
}

static const char *say_heading(struct rows *rows, const struct grouping *grouping,
                               const struct timeline_cpu *cpu)
{
    GString *text = g_string_new(NULL);
    if (grouping->by_package)
        add_part(text, "package", cpu->package);
    if (grouping->by_node)
        add_part(text, "node", cpu->node);
    const char *kept = g_string_chunk_insert(rows->texts, text->str);
    g_string_free(text, TRUE);
    return kept;
}

static guint add_rows(struct rows *rows, const struct timeline *timeline)
{
    guint failed = 0;
    for (guint i = 0; i < timeline->cpus->len; i++) {
        const struct timeline_cpu *cpu = timeline_cpu(timeline, i);
        struct row row = {.cpu = i};
        failed += cpu->failed;
        if (has_row(timeline, i))
            g_array_append_val(rows->rows, row);
    }
    return failed;
}

/* From the top down; every so many rows one is labelled that the labels do not touch. */
static void place_rows(struct rows *rows, const struct sorting *sorting, bool failed_are_high)
{
    const struct grouping *grouping = &sorting->grouping;
    const struct timeline_cpu *last = NULL;
    double y = 0, space = rows->pitch >= 16 ? 5 : rows->pitch >= 10 ? 3 : 0;
    double next_label = 0;
    for (guint i = 0; i < rows->rows->len; i++) {
        struct row *row = &g_array_index(rows->rows, struct row, i);
        const struct timeline_cpu *cpu = timeline_cpu(sorting->timeline, row->cpu);
        bool grouped = grouping->by_package || grouping->by_node;
        if (grouped && (!last || compare_groups(grouping, last, cpu) != 0)) {
            row->heading = say_heading(rows, grouping, cpu);
            y += HEADING_HEIGHT;
            next_label = y;
        }
        bool high = failed_are_high && cpu->failed && rows->pitch < HIGH_ROW;
        row->y = y;
        row->height = (high ? HIGH_ROW : rows->pitch) - space;
        row->labelled = high || y >= next_label || rows->pitch >= LABEL_PITCH;
        y += row->height + space;
        if (row->labelled)
            next_label = row->y + (high ? HIGH_ROW : MAX(LABEL_HEIGHT, 16 * rows->pitch));
        last = cpu;
    }
    rows->height = y;
}

void rows_init(struct rows *rows, const struct timeline *timeline)
{
    struct sorting sorting = {timeline, choose_grouping(timeline)};
    rows->rows = g_array_new(FALSE, TRUE, sizeof(struct row));
    rows->texts = g_string_chunk_new(64);
    guint failed = add_rows(rows, timeline);
    rows->pitch = choose_pitch(rows->rows->len);
    g_array_sort_with_data(rows->rows, by_group, &sorting);
    place_rows(rows, &sorting, failed <= ROWS_MOST_HIGH);
}

void rows_clear(struct rows *rows)
{
    g_array_unref(rows->rows);
    g_string_chunk_free(rows->texts);
}
