/* A kernel that somebody else wrote. */
#include "cli/options/subjects.h"

static const struct option payload[] = {
    {.name = "initrd",
     .kind = OPTION_FILE,
     .place = OPTIONS_AT(initrd),
     .value = "FILE",
     .help = "Initial RAM disk"},
    {.name = "append",
     .kind = OPTION_TEXT,
     .place = OPTIONS_AT(append),
     .value = "S",
     .help = "All its words (console=ttyS0)"},
    {.name = "until",
     .kind = OPTION_TEXT,
     .place = OPTIONS_AT(until),
     .value = "TEXT",
     .help = "Done when it prints TEXT (its line on starting init, or its result)"},
    OPTIONS_END,
};

static const struct option symbols[] = {
    {.name = "symbols",
     .kind = OPTION_FILE,
     .place = OPTIONS_AT(symbols),
     .value = "FILE",
     .help = "Names for its addresses: System.map, nm's output, or ELF"},
    OPTIONS_END,
};

static const char title[] = "The kernel";

const struct option_group options_payload = {title, payload};
const struct option_group options_symbols = {title, symbols};
