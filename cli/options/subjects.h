/**
 * The subjects of the options: for each one its groups and its checks.
 *
 * A check is called with all values in place, in the order of options_parse(), and may fill in
 * what follows from them. False: @error is CLI_USAGE.
 */
#ifndef CLI_OPTIONS_SUBJECTS_H
#define CLI_OPTIONS_SUBJECTS_H

#include "cli/options.h"

/** An entry's place in struct options. */
#define OPTIONS_AT(member) offsetof(struct options, member)

#define OPTIONS_END                                                                                \
    {                                                                                              \
        .name = NULL                                                                               \
    }

extern const struct option_group options_machine;    /* of run and boot */
extern const struct option_group options_machine_td; /* of conform */
extern const struct option_group options_firmware;
extern const struct option_group options_qemu;
extern const struct option_group options_debugger; /* not under the monitor */
extern const struct option_group options_timeline;
extern const struct option_group options_output;
extern const struct option_group options_shim;
extern const struct option_group options_td;
extern const struct option_group options_td_firmware;
extern const struct option_group options_hyperv;
extern const struct option_group options_kernel;
extern const struct option_group options_next_kernel;
extern const struct option_group options_payload;
extern const struct option_group options_symbols;

/** What a value that was left out is, where others are checked against it. */
void options_set_machine(struct options *options);
void options_set_firmware(struct options *options);
void options_set_wake(struct options *options);

bool options_check_monitor(struct options *options, GError **error);
bool options_check_machine(struct options *options, GError **error);
bool options_check_firmware(const struct options *options, GError **error);
bool options_check_output(const struct options *options, GError **error);
bool options_check_shim(struct options *options, GError **error);
bool options_check_kernel(struct options *options, GError **error);

/** Append "NAME=VALUE" to @words, behind a blank if need be; nothing if @value is NULL. */
void options_add_word(GString *words, const char *name, const char *value);

/**
 * False if @more, which the user gave by --@option for @who, has a word that @words have already:
 * only the first of both would count.
 */
bool options_refuse_repeated(const struct options *options, const char *option, const char *who,
                             const char *words, const char *more, GError **error);

#endif
