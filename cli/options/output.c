/* What a run leaves behind for its user. */
#include "cli/options/subjects.h"

#include "cli/timeline/files.h"

static const struct option timeline[] = {
    {.name = "timeline",
     .kind = OPTION_FILE,
     .place = OPTIONS_AT(timeline),
     .value = "FILE",
     .help = "Draw every CPU's phases there: .svg, .png, .pdf, .html, .json"},
    OPTIONS_END,
};

static const struct option output[] = {
    {.name = "json",
     .kind = OPTION_FILE,
     .place = OPTIONS_AT(json),
     .value = "FILE",
     .help = "Write the report there; with \"-\" to stdout, and all else to stderr"},
    {.name = "keep",
     .kind = OPTION_FILE,
     .place = OPTIONS_AT(keep),
     .value = "DIR",
     .help = "Keep the logs there: serial port, events, QEMU's own, and its command line"},
    {.name = "dry-run",
     .kind = OPTION_FLAG,
     .place = OPTIONS_AT(dry_run),
     .help = "Print QEMU's command line, and start nothing"},
    OPTIONS_END,
};

const struct option_group options_timeline = {"What it leaves", timeline};
const struct option_group options_output = {"What it leaves", output};

/* What is written must not replace what is read, nor each other. */
static bool check_apart(const struct options *options, GError **error)
{
    const char *const read[] = {options->kernel,      options->initrd,  options->then,
                                options->then_initrd, options->symbols, options->qemu};
    for (size_t i = 0; i < G_N_ELEMENTS(read); i++)
        if (!option_is_apart("json", options->json, read[i], error) ||
            !option_is_apart("timeline", options->timeline, read[i], error))
            return false;
    return option_is_apart("timeline", options->timeline, options->json, error);
}

bool options_check_output(const struct options *options, GError **error)
{
    if (options->dry_run && (options->json || options->keep || options->timeline))
        return option_refuse(error, "--dry-run leaves nothing to report, to draw or to keep; leave "
                                    "--json, --timeline and --keep out");
    if (options->keep && !options->keep[0])
        return option_refuse(error, "--keep: the name is empty; give a folder");
    return check_apart(options, error) &&
           (!options->timeline || timeline_check_output(options->timeline, error));
}
