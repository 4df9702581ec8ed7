/* What a timeline says of its run in words. */
#include "boot/plural.h"
#include "cli/timeline/model.h"

#include <string.h>

#include "cli/base/clean.h"
#include "cli/base/fields.h"
#include "cli/timeline/axis.h"

static const char *way_text(JsonObject *report)
{
    const char *way = fields_text(report, "way");
    const char *source = fields_text(fields_object(report, "discovery"), "mailbox_source");
    if (g_strcmp0(way, "sipi") == 0)
        return "by INIT-SIPI";
    if (g_strcmp0(way, "mailbox") == 0)
        return g_strcmp0(source, "device-tree") == 0 ? "by the device tree's mailbox"
                                                     : "by the ACPI mailbox";
    return "";
}

static char *say_title(const struct timeline *timeline, JsonObject *report)
{
    const char *way = way_text(report);
    const char *profile = fields_text(fields_object(report, "monitor"), "profile");
    const char *of = g_strcmp0(profile, "tdx") == 0      ? " of a TD"
                     : g_strcmp0(profile, "hyperv") == 0 ? " of a Hyper-V partition"
                                                         : "";
    if (timeline->asked == 1)
        return g_strdup_printf("1 CPU%s, and nobody to wake", of);
    return g_strdup_printf("%" G_GINT64_FORMAT " CPUs%s%s%s", timeline->asked, of,
                           way[0] ? " woken " : "", way);
}

static void add_duration(GString *text, const char *before, gint64 ns)
{
    char *duration = axis_duration(ns);
    g_string_append_printf(text, "%s%s", before, duration);
    g_free(duration);
}

/* "All 8 CPUs on 9.15 ms after the first wake was sent; waking took 2.20 ms, starting 1.44 ms" */
static char *say_totals(const struct timeline *timeline, JsonObject *report)
{
    GString *text = g_string_new(NULL);
    JsonObject *timing = fields_object(report, "timing");
    if (timeline->on == 1 && timeline->asked == 1)
        g_string_assign(text, "The CPU is on");
    else if (timeline->on == timeline->asked)
        g_string_printf(text, "All %" G_GINT64_FORMAT " CPUs are on", timeline->asked);
    else
        g_string_printf(text, "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " %s on", timeline->on,
                        timeline->asked, plural(timeline->asked, "CPU is", "CPUs are"));
    if (timeline->on_ns >= 0) {
        add_duration(text, timeline->on == timeline->asked ? ", " : ", the last of them ",
                     timeline->on_ns);
        g_string_append(text, " after the first wake was sent");
    }
    if (timeline->on_arrival)
        g_string_append(text, "; each had its start before, and found it as it arrived");
    else if (fields_number(timing, "adopt_ns", -1) >= 0)
        add_duration(text, "; waking all took ", fields_number(timing, "adopt_ns", 0));
    if (!timeline->on_arrival && fields_number(timing, "start_ns", -1) >= 0)
        add_duration(text, ", starting all ", fields_number(timing, "start_ns", 0));
    return g_string_free(text, FALSE);
}

static void add_text(GString *line, const char *before, const char *text, gsize length)
{
    if (text)
        g_string_append_printf(line, "%s%.*s", line->len ? before : "", (int)length, text);
}

static char *say_machine(JsonObject *report)
{
    JsonObject *qemu = fields_object(report, "qemu");
    const char *version = fields_text(qemu, "version");
    GString *line = g_string_new(NULL);
    if (version)
        g_string_append(line, "QEMU ");
    /* The packager's own version behind the blank is of no interest here. */
    if (version)
        g_string_append_len(line, version, (gssize)strcspn(version, " "));
    static const char *const names[] = {"machine", "cpu", "accel"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        add_text(line, " | ", fields_text(qemu, names[i]), 200);
    const char *policy = fields_text(fields_object(report, "order"), "policy");
    add_text(line, " | started in order: ", policy, 40);
    const char *result = fields_text(report, "result");
    add_text(line, " | muster run: ", result, 40);
    char *clean = clean_text(line->str);
    g_string_free(line, TRUE);
    return clean;
}

void timeline_put_into_words(struct timeline *timeline, JsonObject *report, const char *title)
{
    timeline->title = title ? clean_text(title) : say_title(timeline, report);
    timeline->totals = say_totals(timeline, report);
    timeline->machine = say_machine(report);
}
