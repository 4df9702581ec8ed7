/* muster help: the overview, a verb's options, and what packages install beside the command. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#define WIDTH  80
#define COLUMN 28 /* where the texts of options begin */
#define VERBS  13 /* where those of verbs do */

const char *const help_exit_statuses[] = {
    "every CPU is on, every proof and every rule held",
    "something failed, and the message says what",
    "wrong usage",
    "the environment: QEMU, a file, a disk",
    NULL,
};

/* ---- Text that fits ---- */

/* @text from @column on, behind @indent blanks where it goes on; one line end at the end. */
static void print_wrapped(const char *text, int column, int indent)
{
    char **words = g_strsplit_set(text, " \n", -1);
    for (char **word = words; *word; word++) {
        int length = (int)g_utf8_strlen(*word, -1);
        if (!length)
            continue;
        bool first = column <= indent;
        if (!first && column + 1 + length > WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
            first = true;
        }
        printf("%s%s", first ? "" : " ", *word);
        column += length + (first ? 0 : 1);
    }
    printf("\n");
    g_strfreev(words);
}

static void print_paragraphs(const char *text)
{
    char **paragraphs = g_strsplit(text, "\n\n", -1);
    for (char **paragraph = paragraphs; *paragraph; paragraph++) {
        printf("\n");
        print_wrapped(*paragraph, 0, 0);
    }
    g_strfreev(paragraphs);
}

/* @left, and @right beside it, or below where @left is too long. */
static void print_entry(const char *left, const char *right, int column)
{
    int length = printf("  %s", left);
    if (length > column - 2) {
        printf("\n");
        length = 0;
    }
    printf("%*s", column - length, "");
    print_wrapped(right, column, column);
}

/* ---- The pages ---- */

static void print_option(const struct option *option)
{
    char *value = option_value_name(option);
    char *spelling = option_spelling(option);
    char *left = g_strdup_printf("%s%s%s", spelling, value ? " " : "", value ? value : "");
    print_entry(left, option->help, COLUMN);
    g_free(spelling);
    g_free(left);
    g_free(value);
}

void help_print_verb(const struct verb *verb)
{
    const char *title = "";
    bool some = verb->groups[0];
    char *usage = g_strdup_printf("muster %s%s%s%s", verb->name, some ? " [OPTIONS]" : "",
                                  verb->operands[0] ? " " : "", verb->operands);
    printf("Usage: %s\n\n", usage);
    print_wrapped(verb->summary, 0, 0);
    print_paragraphs(verb->text);
    for (const struct option_group *const *group = verb->groups; *group; group++) {
        if (strcmp((*group)->title, title) != 0)
            printf("\n%s:\n", (*group)->title);
        title = (*group)->title;
        for (const struct option *option = (*group)->options; option->name; option++)
            print_option(option);
    }
    g_free(usage);
}

void help_print_overview(void)
{
    printf("Usage: muster VERB [OPTIONS]\n\n"
           "Wake every processor of an x86-64 machine, and prove it.\n\n");
    for (const struct verb *const *verb = cli_verbs; *verb; verb++)
        print_entry((*verb)->name, (*verb)->summary, VERBS);
    printf("\n");
    print_entry("--help", "behind a verb: its options", VERBS);
    print_entry("--version", "the version of this command", VERBS);
    printf("\nExit status:\n");
    for (unsigned status = 0; help_exit_statuses[status]; status++)
        printf("  %-10u %s\n", status, help_exit_statuses[status]);
}

/* ---- The verb ---- */

struct help_options {
    bool man;
    const char *completion;
};

static const char *const shells[] = {"bash", "zsh", NULL};

static const struct option made[] = {
    {.name = "man",
     .kind = OPTION_FLAG,
     .place = offsetof(struct help_options, man),
     .help = "Print the manual page muster(1), in roff"},
    {.name = "completion",
     .kind = OPTION_WORD,
     .place = offsetof(struct help_options, completion),
     .words = shells,
     .help = "Print what completes command lines in that shell"},
    {.name = NULL},
};

static const struct option_group made_group = {"Made from the same texts", made};
static const struct option_group *const groups[] = {&made_group, NULL};

static bool help_options(const struct help_options *options, char **operands, GError **error)
{
    const struct verb *verb = operands[0] ? cli_find_verb(operands[0], error) : NULL;
    if (operands[0] && !verb)
        return false;
    if (operands[0] && operands[1])
        return option_refuse(error, "'%s' is one argument too many; give one verb", operands[1]);
    if ((verb != NULL) + options->man + (options->completion != NULL) > 1)
        return option_refuse(error, "give one of VERB, --man and --completion");
    if (options->man)
        help_print_manual(stdout);
    else if (options->completion)
        (options->completion == shells[0] ? help_print_bash : help_print_zsh)(stdout);
    else if (verb)
        help_print_verb(verb);
    else
        help_print_overview();
    return true;
}

static int help(const struct verb *verb, int argc, char **argv)
{
    struct help_options options = {0};
    GError *error = NULL;
    char **operands = option_parse(verb->groups, &options, argc, argv, &error);
    int status = CLI_OK;
    if (!operands || !help_options(&options, operands, &error)) {
        status = cli_report_error(error);
        g_error_free(error);
    }
    g_free(operands);
    return status;
}

const struct verb verb_help = {
    .name = "help",
    .operands = "[VERB]",
    .summary = "Tell the options of a verb.",
    .text = "Without VERB: all verbs. The command's manual page, and its completion for bash and "
            "zsh, are made from the same texts; 'make' puts them into build/muster.1 and "
            "build/completion.",
    .groups = groups,
    .run = help,
};
