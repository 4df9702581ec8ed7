#include "cli/timeline/files.h"

#include <string.h>

#include "cli/base/fields.h"
#include "cli/base/files.h"
#include "cli/judge/report.h"
#include "cli/timeline/draw.h"
#include "cli/timeline/page.h"
#include "cli/timeline/trace_events.h"

/* A report of 512 CPUs has less than 1 MiB. */
#define MAX_REPORT_BYTES ((guint64)256 << 20)

static GByteArray *make_page(const struct timeline *timeline, enum picture_theme theme,
                             GError **error)
{
    (void)error;
    return page_of(timeline, theme);
}

static GByteArray *make_trace(const struct timeline *timeline, enum picture_theme theme,
                              GError **error)
{
    (void)theme;
    (void)error;
    return trace_events_of(timeline);
}

static double draw_all(struct pen *pen, const void *subject)
{
    return draw_timeline(pen, subject);
}

static const struct format {
    const char *ending;
    picture_make *picture; /* or NULL, and then */
    GByteArray *(*make)(const struct timeline *timeline, enum picture_theme theme, GError **error);
} formats[] = {
    {".svg", picture_svg, NULL}, {".png", picture_png, NULL}, {".pdf", picture_pdf, NULL},
    {".html", NULL, make_page},  {".json", NULL, make_trace},
};

static GByteArray *make(const struct format *format, const struct timeline *timeline,
                        enum picture_theme theme, GError **error)
{
    if (!format->picture)
        return format->make(timeline, theme, error);
    const struct picture picture = {timeline->title, timeline->totals, timeline->machine, draw_all,
                                    timeline};
    return format->picture(&picture, theme, error);
}

static const struct format *find_format(const char *path)
{
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending && i < G_N_ELEMENTS(formats); i++) {
        if (g_ascii_strcasecmp(ending, formats[i].ending) == 0)
            return &formats[i];
    }
    return NULL;
}

bool timeline_check_output(const char *path, GError **error)
{
    if (find_format(path))
        return files_check_output("timeline", path, error);
    g_set_error(error, CLI_ERROR, CLI_USAGE,
                "timeline %s: its name tells no format; let it end with .svg, .png, .pdf, .html or "
                ".json",
                path);
    return false;
}

static JsonObject *parse(const char *path, const char *text, GError **error)
{
    JsonObject *report = fields_parse(text + strspn(text, " \t\r\n"));
    if (report)
        fields_clean(report);
    const char *schema = fields_text(report, "schema");
    if (!report)
        files_refuse(error, "report %s: is no JSON object; give what 'muster run --json' wrote",
                     path);
    else if (!schema)
        files_refuse(error, "report %s: names no schema; give what 'muster run --json' wrote",
                     path);
    else if (strcmp(schema, REPORT_SCHEMA) != 0)
        files_refuse(error, "report %s: its schema is '%s'; this muster reads '" REPORT_SCHEMA "'",
                     path, schema);
    else
        return report;
    if (report)
        json_object_unref(report);
    return NULL;
}

JsonObject *timeline_load(const char *path, GError **error)
{
    guint64 bytes;
    char *text = NULL;
    GError *problem = NULL;
    if (!files_check("report", path, &bytes, error))
        return NULL;
    if (bytes > MAX_REPORT_BYTES) {
        files_refuse(error, "report %s: has more than %u MiB; that is no report", path,
                     (unsigned)(MAX_REPORT_BYTES >> 20));
        return NULL;
    }
    if (!g_file_get_contents(path, &text, NULL, &problem)) {
        files_refuse(error, "report %s: cannot be read: %s", path, problem->message);
        g_error_free(problem);
        return NULL;
    }
    JsonObject *report = parse(path, text, error);
    g_free(text);
    return report;
}

bool timeline_write(const char *path, JsonObject *report, const struct timeline_look *look,
                    GError **error)
{
    const struct format *format = find_format(path);
    struct timeline *timeline = timeline_new(report, look->title, error);
    GByteArray *bytes = timeline ? make(format, timeline, look->theme, error) : NULL;
    bool good = bytes && files_put("timeline", path, (const char *)bytes->data, bytes->len, error);
    if (bytes)
        g_byte_array_unref(bytes);
    timeline_free(timeline);
    return good;
}
