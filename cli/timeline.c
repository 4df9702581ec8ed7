/* muster timeline: the report of a run as a picture, a page or a trace. */
#include "cli/base/option.h"
#include "cli/cli.h"
#include "cli/timeline/files.h"

/* What was asked for. */
struct request {
    char *output, *title;
    const char *theme;
};

#define AT(member) offsetof(struct request, member)

/* As in enum picture_theme. */
static const char *const themes[] = {"auto", "light", "dark", NULL};

static const struct option entries[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_FILE,
     .place = AT(output),
     .value = "FILE",
     .help = "Where to: .svg, .png, .pdf, .html or .json"},
    {.name = "theme",
     .kind = OPTION_WORD,
     .place = AT(theme),
     .words = themes,
     .help = "Colours; auto: as the viewer's, where it has a choice (auto)"},
    {.name = "title",
     .kind = OPTION_TEXT,
     .place = AT(title),
     .value = "TEXT",
     .help = "Instead of the title from the report"},
    {.name = NULL},
};

static const struct option_group drawing = {"The drawing", entries};
static const struct option_group *const groups[] = {&drawing, NULL};

static bool check(const struct request *request, char **operands, GError **error)
{
    if (!operands[0])
        return option_refuse(error, "which report? 'muster timeline REPORT -o FILE'");
    if (operands[1])
        return option_refuse(
            error, "'%s' is one argument too many; 'muster help timeline' tells more", operands[1]);
    if (!request->output)
        return option_refuse(error,
                             "where to? Give -o FILE, which ends with .svg, .png, .pdf, .html or "
                             ".json");
    return timeline_check_output(request->output, error) &&
           option_is_apart("output", request->output, operands[0], error);
}

static int draw(const struct request *request, char **operands, GError **error)
{
    struct timeline_look look = {.title = request->title,
                                 .theme =
                                     (enum picture_theme)option_word_index(themes, request->theme)};
    if (!check(request, operands, error))
        return CLI_USAGE;
    JsonObject *report = timeline_load(operands[0], error);
    if (!report)
        return CLI_ENVIRONMENT;
    if (!timeline_write(request->output, report, &look, error))
        g_prefix_error(error, "report %s: ", operands[0]);
    json_object_unref(report);
    return CLI_OK;
}

static int timeline(const struct verb *verb, int argc, char **argv)
{
    struct request request = {0};
    GError *error = NULL;
    char **operands = option_parse(verb->groups, &request, argc, argv, &error);
    int status = operands ? draw(&request, operands, &error) : CLI_USAGE;
    if (error)
        status = cli_report_error(error);
    g_clear_error(&error);
    g_free(operands);
    option_clear(verb->groups, &request);
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
    .groups = groups,
    .takes_files = true,
    .run = timeline,
};
