/* muster timeline: the report of a run as a picture, a page or a trace. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/base/files.h"
#include "cli/options_check.h"
#include "cli/timeline/files.h"

/* What was asked for; the texts are this verb's own. */
struct request {
    char *output, *theme, *title;
    char **operands;
    gboolean help;
};

static GOptionContext *make_context(const struct verb *verb, struct request *request)
{
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &request->output,
         "Where to: .svg, .png, .pdf, .html or .json", "FILE"},
        {"theme", 0, 0, G_OPTION_ARG_STRING, &request->theme,
         "Colours; auto: as the viewer's, where it has a choice (auto)", "light|dark|auto"},
        {"title", 0, 0, G_OPTION_ARG_STRING, &request->title,
         "Instead of the title from the report", "TEXT"},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &request->help, "Show this help", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &request->operands, NULL, NULL},
        {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
    };
    GOptionContext *context = g_option_context_new(verb->operands);
    char *text = g_strdup_printf("%s\n\n%s", verb->summary, verb->text);
    g_set_prgname("muster timeline");
    g_option_context_set_summary(context, text);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_add_main_entries(context, entries, NULL);
    g_free(text);
    return context;
}

static bool read_theme(const char *text, enum picture_theme *theme, GError **error)
{
    static const char *const words[] = {"auto", "light", "dark"}; /* as enum picture_theme */
    *theme = PICTURE_AUTO;
    for (size_t i = 0; text && i < G_N_ELEMENTS(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            *theme = (enum picture_theme)i;
            return true;
        }
    }
    return !text || options_refuse(error, "--theme %s: give one of light, dark, auto", text);
}

static bool is_same_file(const char *left, const char *right)
{
    struct stat one, other;
    return stat(left, &one) == 0 && stat(right, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

static bool check(const struct request *request, GError **error)
{
    guint count = request->operands ? g_strv_length(request->operands) : 0;
    if (count == 0)
        return options_refuse(error, "which report? 'muster timeline REPORT -o FILE'");
    if (count > 1)
        return options_refuse(error,
                              "'%s' is one argument too many; 'muster help timeline' tells more",
                              request->operands[1]);
    if (!request->output)
        return options_refuse(error,
                              "where to? Give -o FILE, which ends with .svg, .png, .pdf, .html or "
                              ".json");
    if (!timeline_check_output(request->output, error))
        return false;
    if (is_same_file(request->operands[0], request->output))
        return options_refuse(error, "--output %s: is the report itself; give another name",
                              request->output);
    return true;
}

static int draw(const struct request *request, GError **error)
{
    struct timeline_look look = {.title = request->title};
    if (!read_theme(request->theme, &look.theme, error) || !check(request, error))
        return CLI_USAGE;
    JsonObject *report = timeline_load(request->operands[0], error);
    if (!report)
        return CLI_ENVIRONMENT;
    if (!timeline_write(request->output, report, &look, error))
        g_prefix_error(error, "report %s: ", request->operands[0]);
    json_object_unref(report);
    return CLI_OK;
}

static int parse_and_draw(const struct verb *verb, struct request *request, int argc, char **argv,
                          GError **error)
{
    GOptionContext *context = make_context(verb, request);
    char **words = g_new0(char *, (size_t)argc + 1);
    memcpy(words, argv, (size_t)argc * sizeof(*words));
    GError *problem = NULL;
    int status = CLI_OK;
    if (!g_option_context_parse(context, &argc, &words, &problem)) {
        options_refuse(error, "%s; 'muster help timeline' lists the options", problem->message);
        g_error_free(problem);
    } else if (request->help) {
        char *help = g_option_context_get_help(context, TRUE, NULL);
        fputs(help, stdout);
        g_free(help);
    } else {
        status = draw(request, error);
    }
    g_free(words);
    g_option_context_free(context);
    return status;
}

static int timeline(const struct verb *verb, int argc, char **argv)
{
    struct request request = {0};
    GError *error = NULL;
    int status = parse_and_draw(verb, &request, argc, argv, &error);
    if (error)
        status = cli_report_error(error);
    g_clear_error(&error);
    g_free(request.output);
    g_free(request.theme);
    g_free(request.title);
    g_strfreev(request.operands);
    return status;
}

const struct verb verb_timeline = {
    .name = "timeline",
    .operands = "REPORT",
    .summary = "Draw the report of a run: every CPU's phases on one time axis.",
    .text = "REPORT is what 'muster run --json REPORT' wrote. The name of FILE tells what is\n"
            "drawn: a picture (svg, png, pdf), a page to zoom and search in (html), or a trace\n"
            "for ui.perfetto.dev (json, Chrome's trace-event format). 'muster run --timeline\n"
            "FILE' does both in one go. What the picture shows: docs/timeline.md.\n\n"
            "Exit status: 0 it is drawn; 2 wrong usage; 3 a file cannot be read or written, or\n"
            "is no report with time stamps in it.",
    .run = timeline,
};
