#include "cli/options.h"

#include <string.h>

#include "cli/base/words.h"
#include "cli/options/subjects.h"

const struct option_group *const options_of_run[] = {
    &options_machine,
    &options_firmware,
    &options_qemu,
    &options_debugger,
    &options_td,
    &options_td_firmware,
    &options_kernel,
    &options_next_kernel,
    &options_shim,
    &options_hyperv,
    &options_timeline,
    &options_output,
    NULL,
};

const struct option_group *const options_of_boot[] = {
    &options_payload, &options_machine,     &options_firmware, &options_qemu,   &options_debugger,
    &options_td,      &options_td_firmware, &options_shim,     &options_output, NULL,
};

const struct option_group *const options_of_conform[] = {
    &options_payload, &options_symbols, &options_machine_td, &options_td_firmware,
    &options_qemu,    &options_shim,    &options_output,     NULL,
};

static char **split_off_qemu_arguments(int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            *argc = i;
            return g_strdupv(argv + i + 1);
        }
    }
    return g_new0(char *, 1);
}

static bool check_operands(struct options *options, const struct verb *verb, char **operands,
                           GError **error)
{
    unsigned wanted = verb->takes_files ? 1 : 0;
    unsigned given = g_strv_length(operands);
    if (given < wanted)
        return option_refuse(error, "which kernel? 'muster %s KERNEL'", verb->name);
    if (given > wanted)
        return option_refuse(error, "'%s' is one argument too many", operands[wanted]);
    options->kernel = wanted ? g_strdup(operands[0]) : NULL;
    return true;
}

/* What a verb has no option for is as if it were not given. */
static bool check_all(struct options *options, GError **error)
{
    options_set_machine(options);
    options_set_firmware(options);
    options_set_wake(options);
    return options_check_monitor(options, error) && options_check_shim(options, error) &&
           options_check_machine(options, error) && options_check_kernel(options, error) &&
           options_check_firmware(options, error) && options_check_output(options, error);
}

struct options *options_parse(const struct verb *verb, enum options_verb which, int argc,
                              char **argv, GError **error)
{
    struct options *options = g_new0(struct options, 1);
    options->verb = which;
    options->qemu_arguments = split_off_qemu_arguments(&argc, argv);
    char **operands = option_parse(verb->groups, options, argc, argv, error);
    bool good =
        operands && check_operands(options, verb, operands, error) && check_all(options, error);
    g_free(operands);
    if (good)
        return options;
    options_free(options);
    return NULL;
}

void options_free(struct options *options)
{
    if (!options)
        return;
    option_clear(options_of_run, options);
    option_clear(options_of_boot, options);
    option_clear(options_of_conform, options);
    g_free(options->kernel);
    g_strfreev(options->qemu_arguments);
    g_free(options);
}

bool options_by_tree(const struct options *options)
{
    return options->wake == WAKE_FDT ||
           (options->wake == WAKE_HYPERV && strcmp(options->tables, "fdt") == 0);
}

/* QEMU takes "--accel" for "-accel". */
const char *options_for_qemu(const struct options *options, const char *option)
{
    for (char **argument = options->qemu_arguments; argument[0] && argument[1]; argument++)
        if (strcmp(argument[0] + g_str_has_prefix(argument[0], "--"), option) == 0)
            return argument[1];
    return NULL;
}

/* ---- For the subjects ---- */

void options_add_word(GString *words, const char *name, const char *value)
{
    if (value)
        g_string_append_printf(words, "%s%s%s", words->len ? " " : "", name, value);
}

bool options_refuse_repeated(const struct options *options, const char *option, const char *who,
                             const char *words, const char *more, GError **error)
{
    static const struct option_group *const *const groups[] = {options_of_run, options_of_boot,
                                                               options_of_conform};
    char *repeated = more ? words_find_repeated(words, more) : NULL;
    if (!repeated)
        return true;
    char *name = g_strndup(repeated, strcspn(repeated, "="));
    bool own = option_find(groups[options->verb], name);
    option_refuse(error, "--%s %s: %s has this word already, and only the first counts; %s%s",
                  option, repeated, who, own ? "use --" : "leave it out", own ? name : "");
    g_free(name);
    g_free(repeated);
    return false;
}
