#include "cli/judge/run_table.h"

#include <string.h>

#include "cli/base/fields.h"
#include "cli/base/order.h"
#include "cli/base/table.h"

#define MOST_ROWS 32

/* In the order of a bring-up; enum muster_stamp has the same. */
static const struct {
    const char *name;    /* in the report */
    const char *heading; /* here */
} phases[] = {
    {"wake_sent", "sent"},    {"first_instruction", "first"}, {"long_mode", "long"},
    {"own_tables", "tables"}, {"parked", "parked"},           {"on", "on"},
};

static gint64 stamp(JsonObject *cpu, size_t phase)
{
    return fields_number(fields_object(cpu, "stamps_ns"), phases[phase].name, -1);
}

/* All times count from here: what is interesting is how the CPUs overlap. */
static gint64 first_wake(JsonArray *cpus)
{
    gint64 first = -1;
    for (guint i = 0; i < fields_length(cpus); i++) {
        gint64 sent = stamp(fields_element(cpus, i), 0);
        if (sent > 0 && (first < 0 || sent < first))
            first = sent;
    }
    return first;
}

static void add_time(struct table *table, gint64 at_ns, gint64 zero_ns)
{
    /* The BSP is not woken: what it has no stamp for, or from before the first wake, is blank. */
    if (at_ns <= 0 || zero_ns < 0 || at_ns < zero_ns)
        table_cell(table, "-");
    else
        table_cell(table, "%" G_GINT64_FORMAT, (at_ns - zero_ns + 500) / 1000);
}

static bool is_on(JsonObject *cpu)
{
    return g_strcmp0(fields_text(cpu, "state"), "on") == 0;
}

static void add_row(struct table *table, JsonObject *cpu, const char *way, gint64 zero_ns)
{
    const char *state = fields_text(cpu, "state");
    table_cell(table, "%" G_GINT64_FORMAT, fields_number(cpu, "index", -1));
    table_cell(table, "%" G_GINT64_FORMAT, fields_number(cpu, "apic_id", -1));
    table_cell(table, "%s", fields_flag(cpu, "bsp") ? "BSP" : way);
    for (size_t phase = 0; phase < G_N_ELEMENTS(phases); phase++)
        add_time(table, stamp(cpu, phase), zero_ns);
    table_cell(table, "%s", state ? state : "?");
}

static void print_rows(JsonArray *cpus, const char *way, gint64 zero_ns, bool only_not_on)
{
    GString *headings = g_string_new(">CPU|>APIC ID|way");
    for (size_t phase = 0; phase < G_N_ELEMENTS(phases); phase++)
        g_string_append_printf(headings, "|>%s", phases[phase].heading);
    g_string_append(headings, "|state");
    struct table *table = table_new(headings->str);
    bool some = false;
    for (guint i = 0; i < fields_length(cpus); i++) {
        JsonObject *cpu = fields_element(cpus, i);
        if (only_not_on && is_on(cpu))
            continue;
        add_row(table, cpu, way, zero_ns);
        some = true;
    }
    if (some)
        table_print(table, stdout);
    table_free(table);
    g_string_free(headings, TRUE);
}

static void print_spread(JsonArray *cpus, gint64 zero_ns)
{
    struct table *table = table_new("phase|>CPUs|>minimum|>median|>maximum");
    GArray *times = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (size_t phase = 0; phase < G_N_ELEMENTS(phases); phase++) {
        g_array_set_size(times, 0);
        for (guint i = 0; i < fields_length(cpus); i++) {
            gint64 at = stamp(fields_element(cpus, i), phase);
            if (at > 0 && zero_ns >= 0 && at >= zero_ns)
                g_array_append_val(times, at);
        }
        g_array_sort(times, order_by_number);
        table_cell(table, "%s", phases[phase].heading);
        table_cell(table, "%u", times->len);
        const guint places[] = {0, times->len / 2, times->len ? times->len - 1 : 0};
        for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
            add_time(table, times->len ? g_array_index(times, gint64, places[i]) : -1, zero_ns);
    }
    table_print(table, stdout);
    table_free(table);
    g_array_unref(times);
}

void run_table_print(JsonArray *cpus, const char *way)
{
    guint count = fields_length(cpus), on = 0;
    gint64 zero_ns = first_wake(cpus);
    for (guint i = 0; i < count; i++)
        on += is_on(fields_element(cpus, i));
    printf("%u CPUs, %u on, woken by %s; times in us since the first wake was sent\n\n", count, on,
           way);
    if (count > MOST_ROWS) {
        print_spread(cpus, zero_ns);
        if (on < count)
            printf("\nNot on:\n");
    }
    print_rows(cpus, way, zero_ns, count > MOST_ROWS);
    printf("\n");
}

void run_table_print_proofs(JsonArray *proofs)
{
    struct table *table = table_new("proof|state|detail");
    for (guint i = 0; i < fields_length(proofs); i++) {
        JsonObject *proof = fields_element(proofs, i);
        const char *name = fields_text(proof, "name");
        const char *state = fields_text(proof, "state");
        const char *detail = fields_text(proof, "detail");
        table_cell(table, "%s", name ? name : "?");
        table_cell(table, "%s", state ? state : "?");
        table_cell(table, "%s", detail ? detail : "");
    }
    table_print(table, stdout);
    table_free(table);
    printf("\n");
}

static void add_newcomer(struct table *table, guint round, JsonObject *cpu)
{
    const char *failure = fields_text(cpu, "failure");
    table_cell(table, "%u", round);
    table_cell(table, "%" G_GINT64_FORMAT, fields_number(cpu, "apic_id", -1));
    table_cell(table, "%" G_GINT64_FORMAT, fields_number(cpu, "arrive_ns", 0) / 1000);
    table_cell(table, "%" G_GINT64_FORMAT, fields_number(cpu, "on_ns", 0) / 1000);
    table_cell(table, "%s", fields_flag(cpu, "gone") ? "out again" : "still there");
    table_cell(table, "%s", failure ? failure : "");
}

void run_table_print_hot_add(JsonArray *rounds)
{
    if (fields_length(rounds) == 0)
        return;
    printf("CPUs that came while the machine ran; each step in microseconds\n\n");
    struct table *table = table_new(">round|>APIC ID|>to park|>to on|then|failure");
    for (guint i = 0; i < fields_length(rounds); i++) {
        JsonArray *cpus = fields_array(fields_element(rounds, i), "cpus");
        for (guint j = 0; j < fields_length(cpus); j++)
            add_newcomer(table, i + 1, fields_element(cpus, j));
    }
    table_print(table, stdout);
    table_free(table);
    printf("\n");
}

static int by_cost(gconstpointer a, gconstpointer b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void add_cost(struct table *table, const char *what, double ms)
{
    table_cell(table, "%s", what);
    table_cell(table, "%.0f", ms);
}

/* The first CPU sleeps by its timer; of more APs than fit only their spread. */
static void add_costs(struct table *table, const GArray *spent)
{
    add_cost(table, "0 (the BSP)", g_array_index(spent, double, 0));
    if (spent->len <= MOST_ROWS) {
        for (guint i = 1; i < spent->len; i++) {
            char *name = g_strdup_printf("%u", i);
            add_cost(table, name, g_array_index(spent, double, i));
            g_free(name);
        }
        return;
    }
    GArray *aps = g_array_copy((GArray *)spent);
    g_array_remove_index(aps, 0);
    g_array_sort(aps, by_cost);
    add_cost(table, "the others, minimum", g_array_index(aps, double, 0));
    add_cost(table, "the others, median", g_array_index(aps, double, aps->len / 2));
    add_cost(table, "the others, maximum", g_array_index(aps, double, aps->len - 1));
    g_array_unref(aps);
}

/* By thread, where they do not share one. */
static void print_threads(const struct parked *parked)
{
    const char *why_not = parked_why_not(parked);
    if (why_not) {
        printf("Not known of each: %s\n\n", why_not);
        return;
    }
    printf("\n");
    struct table *table = table_new("CPU|>host CPU ms");
    add_costs(table, parked->spent);
    table_print(table, stdout);
    table_free(table);
    printf("\n");
}

void run_table_print_park(const struct parked *parked, const char *where)
{
    printf("CPUs %s for %.0f ms: ", where, parked->ms);
    if (parked->process_known)
        printf("QEMU used %.1f ms of CPU, %.2f %% of a core\n", parked->process_ms,
               100 * parked->process_ms / parked->ms);
    else
        printf("what QEMU used meanwhile is not known\n");
    print_threads(parked);
}
