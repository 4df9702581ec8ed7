/* A kernel that somebody else wrote. */
#include "cli/options/subjects.h"

#define STANDARD_WORDS "console=ttyS0"

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
     .help = "All its words (" STANDARD_WORDS ")"},
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

/*
 * Linux measures the TSC by the PIT's gate at port 0x61, by HPET or by the ACPI timer, and a
 * microvm has none of them: it would stand still for want of a clock. TCG's TSC is of 1 GHz.
 */
#define MICROVM_CLOCK_WORDS " tsc_early_khz=1000000"

const char *options_foreign_words(const struct options *options, const char *given)
{
    bool tcg = options->accel == ACCEL_TCG && !options_for_qemu(options, "-accel");
    if (given)
        return given;
    return options->machine == MACHINE_MICROVM && tcg ? STANDARD_WORDS MICROVM_CLOCK_WORDS
                                                      : STANDARD_WORDS;
}

static const char title[] = "The kernel";

const struct option_group options_payload = {title, payload};
const struct option_group options_symbols = {title, symbols};
