/**
 * The values of the options, checked one by one and against each other.
 */
#ifndef CLI_OPTIONS_CHECK_H
#define CLI_OPTIONS_CHECK_H

#include "cli/options.h"

/** What GOptionContext fills in, before it is checked. */
struct options_raw {
    char *cpus, *timeout, *wake, *memory, *order, *cycles, *seed, *hand_backs, *park_ms, *hot_add;
    gboolean td, gdb, help;
    struct options *options;
};

/**
 * Put what @raw holds into its options. @argv has the verb's name and the operands left. False:
 * @error is CLI_USAGE.
 */
bool options_check(const struct options_raw *raw, unsigned groups, int argc, char **argv,
                   GError **error);

/** False, with this as a CLI_USAGE error. */
bool options_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
