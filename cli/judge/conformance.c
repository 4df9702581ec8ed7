#include "cli/judge/conformance.h"

#include <stdio.h>

#include "abi/conformance.h"
#include "boot/plural.h"
#include "cli/base/fields.h"

#define STATE_HELD        "held"
#define STATE_BROKEN      "broken"
#define STATE_NOT_WATCHED "not-watched"

/* Beneath a rule; the others are counted, and are in the report. */
#define MOST_PRINTED 4

/* Every one must be told of. */
static const char *const rules[] = {RULES_OF_MAILBOX, RULES_OF_ANYBODY, NULL};

bool conformance_has_rule(const char *rule)
{
    return rule && g_strv_contains(rules, rule);
}

/* ---- What the monitor told, put together. ---- */

static JsonArray *findings_of(const struct monitor *monitor, const char *rule)
{
    JsonArray *array = json_array_new();
    for (guint i = 0; i < fields_length(monitor->findings); i++) {
        JsonObject *finding = fields_element(monitor->findings, i);
        if (g_strcmp0(fields_text(finding, "rule"), rule) == 0)
            json_array_add_object_element(array, json_object_ref(finding));
    }
    return array;
}

/* A finding may have come behind the last count. */
static void add_rule(JsonArray *into, const struct monitor *monitor, const char *rule,
                     JsonObject *told)
{
    JsonArray *findings = findings_of(monitor, rule);
    const char *state = fields_text(told, "state");
    gint64 count = MAX(fields_number(told, "count", 0), (gint64)fields_length(findings));
    JsonObject *object = json_object_new();
    json_object_set_string_member(object, "rule", rule);
    json_object_set_string_member(object, "state",
                                  count                                 ? STATE_BROKEN
                                  : g_strcmp0(state, STATE_HELD) == 0   ? STATE_HELD
                                  : g_strcmp0(state, STATE_BROKEN) == 0 ? STATE_BROKEN
                                                                        : STATE_NOT_WATCHED);
    json_object_set_int_member(object, "count", count);
    json_object_set_array_member(object, "findings", findings);
    json_array_add_object_element(into, object);
}

static JsonObject *find_rule(JsonArray *list, const char *rule)
{
    for (guint i = 0; i < fields_length(list); i++)
        if (g_strcmp0(fields_text(fields_element(list, i), "rule"), rule) == 0)
            return fields_element(list, i);
    return NULL;
}

JsonObject *conformance_of(const struct monitor *monitor)
{
    JsonArray *told = fields_array(monitor->conformance, "rules");
    if (!monitor->conformance)
        return NULL;
    JsonArray *array = json_array_new();
    for (guint i = 0; rules[i]; i++)
        add_rule(array, monitor, rules[i], find_rule(told, rules[i]));
    for (guint i = 0; i < fields_length(told); i++) {
        JsonObject *other = fields_element(told, i);
        const char *rule = fields_text(other, "rule");
        if (rule && !conformance_has_rule(rule))
            add_rule(array, monitor, rule, other);
    }
    JsonObject *object = json_object_new();
    json_object_set_array_member(object, "rules", array);
    json_object_set_int_member(object, "writes", fields_number(monitor->conformance, "writes", 0));
    json_object_set_int_member(object, "mailbox_commands",
                               fields_number(monitor->conformance, "mailbox_commands", 0));
    return object;
}

/* ---- For people. ---- */

static void print_finding(JsonObject *finding)
{
    const char *text = fields_text(finding, "text");
    char *place = monitor_place(finding);
    printf("    %s: %s\n", place, text ? text : "");
    g_free(place);
}

static void print_rule(JsonObject *rule)
{
    gint64 count = fields_number(rule, "count", 0);
    JsonArray *findings = fields_array(rule, "findings");
    guint printed = MIN(fields_length(findings), MOST_PRINTED);
    printf("%-32s%s", fields_text(rule, "rule"), fields_text(rule, "state"));
    if (count)
        printf(", %" G_GINT64_FORMAT " %s", count, plural(count, "time", "times"));
    printf("\n");
    for (guint i = 0; i < printed; i++)
        print_finding(fields_element(findings, i));
    if (count > printed && printed)
        printf("    and %" G_GINT64_FORMAT " more\n", count - printed);
}

void conformance_print(JsonObject *conformance)
{
    JsonArray *list = fields_array(conformance, "rules");
    if (!conformance) {
        printf("How the rules stand is not known: the monitor did not tell.\n\n");
        return;
    }
    for (guint i = 0; i < fields_length(list); i++)
        print_rule(fields_element(list, i));
    printf("\nThe monitor saw %" G_GINT64_FORMAT
           " writes to the firmware's pages, %" G_GINT64_FORMAT " of them mailbox commands.\n\n",
           fields_number(conformance, "writes", 0),
           fields_number(conformance, "mailbox_commands", 0));
}

/* The names of the rules in @state, and how many. */
static guint list_rules(JsonObject *conformance, const char *state, GString *names)
{
    JsonArray *list = fields_array(conformance, "rules");
    guint count = 0;
    for (guint i = 0; i < fields_length(list); i++) {
        JsonObject *rule = fields_element(list, i);
        if (g_strcmp0(fields_text(rule, "state"), state) == 0)
            g_string_append_printf(names, "%s%s", count++ ? ", " : "", fields_text(rule, "rule"));
    }
    return count;
}

static void fail_if_any(struct verdict *verdict, JsonObject *conformance, const char *state,
                        const char *what)
{
    GString *names = g_string_new(NULL);
    guint count = list_rules(conformance, state, names);
    if (count)
        verdict_fail(verdict, "%u rule%s %s: %s", count, count == 1 ? " was" : "s were", what,
                     names->str);
    g_string_free(names, TRUE);
}

void conformance_judge(struct verdict *verdict, JsonObject *conformance)
{
    if (!conformance)
        verdict_fail(verdict, "the monitor did not tell how the rules stand");
    fail_if_any(verdict, conformance, STATE_BROKEN, "broken");
    fail_if_any(verdict, conformance, STATE_NOT_WATCHED, "not watched");
}

char *conformance_sum(JsonObject *conformance)
{
    GString *names = g_string_new(NULL);
    guint held = list_rules(conformance, STATE_HELD, names);
    guint all = conformance ? fields_length(fields_array(conformance, "rules"))
                            : (guint)G_N_ELEMENTS(rules) - 1;
    g_string_free(names, TRUE);
    return g_strdup_printf("%u of %u rules held", held, all);
}
