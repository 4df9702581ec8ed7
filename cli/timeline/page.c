#include "cli/timeline/page.h"

#include <string.h>

#include "cli/timeline/emit.h"
#include "cli/timeline/palette.h"

/* page.S */
extern const char page_html[], page_css[], page_view_js[], page_js[];

static void add_colours(GString *out, bool dark)
{
    for (int i = 0; i < PALETTE_PARTS; i++) {
        struct palette_colour colour = palette_colour((enum palette_part)i, dark);
        g_string_append_printf(out, "--%s:#%02x%02x%02x;", palette_name((enum palette_part)i),
                               colour.red, colour.green, colour.blue);
    }
}

static void add_style(GString *out, enum picture_theme theme)
{
    g_string_append_printf(out, ":root{color-scheme:%s;",
                           theme == PICTURE_AUTO    ? "light dark"
                           : theme == PICTURE_LIGHT ? "light"
                                                    : "dark");
    add_colours(out, theme == PICTURE_DARK);
    g_string_append(out, "}\n");
    if (theme == PICTURE_AUTO) {
        g_string_append(out, "@media (prefers-color-scheme: dark){:root{");
        add_colours(out, true);
        g_string_append(out, "}}\n");
    }
    g_string_append(out, page_css);
}

static void add_member(GString *out, const char *name, const char *text)
{
    g_string_append_printf(out, "\"%s\":", name);
    emit_text(out, text);
    g_string_append_c(out, ',');
}

static void add_number(GString *out, const char *name, gint64 number)
{
    g_string_append_printf(out, "\"%s\":%" G_GINT64_FORMAT ",", name, number);
}

/* Spans and records are arrays: there are thousands of them. An open span has no end. */
static void add_cpu(GString *out, const struct timeline_cpu *cpu)
{
    g_string_append_c(out, '{');
    add_number(out, "apicId", cpu->apic_id);
    add_number(out, "core", cpu->core);
    add_number(out, "package", cpu->package);
    add_number(out, "node", cpu->node);
    add_number(out, "on", cpu->on_ns);
    add_member(out, "state", cpu->state);
    add_member(out, "failure", cpu->failure);
    g_string_append_printf(out, "\"bsp\":%s,\"late\":%s,\"failed\":%s,\"lost\":%s,\"spans\":[",
                           cpu->bsp ? "true" : "false", cpu->late ? "true" : "false",
                           cpu->failed ? "true" : "false", cpu->lost ? "true" : "false");
    for (guint i = 0; i < cpu->spans->len; i++) {
        const struct timeline_span *span = &g_array_index(cpu->spans, struct timeline_span, i);
        g_string_append_printf(out, "%s[%d,%" G_GINT64_FORMAT, i ? "," : "", (int)span->state,
                               span->from_ns);
        if (!span->open)
            g_string_append_printf(out, ",%" G_GINT64_FORMAT, span->to_ns);
        g_string_append_c(out, ']');
    }
    g_string_append(out, "],\"records\":[");
    for (guint i = 0; i < cpu->records->len; i++) {
        const struct timeline_record *record =
            &g_array_index(cpu->records, struct timeline_record, i);
        g_string_append_printf(out, "%s[%" G_GINT64_FORMAT ",", i ? "," : "", record->at_ns);
        emit_text(out, record->event);
        g_string_append_printf(out, ",%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]", record->argument,
                               record->value);
    }
    g_string_append(out, "]}");
}

static void add_lists(GString *out, const struct timeline *timeline)
{
    g_string_append(out, "\"states\":[");
    for (int i = 0; i < TIMELINE_STATES; i++) {
        g_string_append(out, i ? ",[" : "[");
        emit_text(out, timeline_state_name((enum timeline_state)i));
        g_string_append_c(out, ',');
        emit_text(out, timeline_state_text((enum timeline_state)i));
        g_string_append_c(out, ']');
    }
    g_string_append(out, "],\"failures\":[");
    for (guint i = 0; i < timeline->failures->len; i++) {
        g_string_append(out, i ? "," : "");
        emit_text(out, g_ptr_array_index(timeline->failures, i));
    }
    g_string_append(out, "],\"messages\":[");
    for (guint i = 0; i < timeline->messages->len; i++) {
        const struct timeline_message *message =
            &g_array_index(timeline->messages, struct timeline_message, i);
        g_string_append_printf(out, "%s[%" G_GINT64_FORMAT ",%u,%u,%d]", i ? "," : "",
                               message->at_ns, message->from, message->to, message->start);
    }
    g_string_append(out, "],\"stages\":[");
    for (guint i = 0; i < timeline->stages->len; i++) {
        const struct timeline_stage *stage =
            &g_array_index(timeline->stages, struct timeline_stage, i);
        g_string_append_printf(out, "%s[%d,%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]",
                               i ? "," : "", stage->start, stage->from_ns, stage->to_ns);
    }
    g_string_append(out, "],\"cpus\":[\n");
    for (guint i = 0; i < timeline->cpus->len; i++) {
        g_string_append(out, i ? ",\n" : "");
        add_cpu(out, timeline_cpu(timeline, i));
    }
    g_string_append(out, "]");
}

static void add_data(GString *out, const struct timeline *timeline)
{
    g_string_append_c(out, '{');
    add_member(out, "title", timeline->title);
    add_member(out, "totals", timeline->totals);
    add_member(out, "machine", timeline->machine);
    add_number(out, "asked", timeline->asked);
    add_number(out, "on", timeline->on);
    add_number(out, "missing", timeline->missing);
    add_number(out, "bsp", timeline->bsp);
    add_number(out, "first", timeline->first_ns);
    add_number(out, "bringUp", timeline->bring_up_ns);
    add_number(out, "last", timeline->last_ns);
    add_lists(out, timeline);
    g_string_append_c(out, '}');
}

static void add_title(GString *out, const struct timeline *timeline)
{
    char *text = g_markup_escape_text(timeline->title, -1);
    g_string_append(out, text);
    g_free(text);
}

/* The page has each mark once; what is put in for one is not looked at again. */
GByteArray *page_of(const struct timeline *timeline, enum picture_theme theme)
{
    GString *out = g_string_new(NULL);
    const char *rest = page_html, *mark;
    while ((mark = strstr(rest, "{{")) != NULL) {
        g_string_append_len(out, rest, mark - rest);
        rest = strstr(mark, "}}") + 2;
        if (g_str_has_prefix(mark, "{{title}}"))
            add_title(out, timeline);
        else if (g_str_has_prefix(mark, "{{style}}"))
            add_style(out, theme);
        else if (g_str_has_prefix(mark, "{{data}}"))
            add_data(out, timeline);
        else
            g_string_append_printf(out, "%s%s", page_view_js, page_js);
    }
    g_string_append(out, rest);
    gsize length = out->len;
    return g_byte_array_new_take((guint8 *)g_string_free(out, FALSE), length);
}
