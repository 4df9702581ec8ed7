/* What a run leaves behind for its user. */
#include "cli/options/subjects.h"

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

const struct option_group options_output = {"What it leaves", output};

bool options_check_output(const struct options *options, GError **error)
{
    if (options->dry_run && (options->json || options->keep))
        return option_refuse(error, "--dry-run leaves nothing to report or to keep; leave --json "
                                    "and --keep out");
    if (options->keep && !options->keep[0])
        return option_refuse(error, "--keep: the name is empty; give a folder");
    return true;
}
