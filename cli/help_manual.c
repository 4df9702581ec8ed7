/* The manual page muster(1), in roff's man macros (man(7)). */
#include "cli/help.h"

#include <string.h>

#define LINE_BYTES 70 /* each '-' becomes two */

static const struct {
    const char *name, *text;
} environment[] = {
    {"NO_COLOR", "If it is set and not empty, nothing is printed in colour. Nor is it where the "
                 "output is no terminal, or TERM is \"dumb\"."},
    {"PATH", "Where qemu-system-x86_64 is looked for, unless --qemu says where it is."},
    {"TMPDIR", "Where the folder of a run's sockets and pipes is made (/tmp). It is gone "
               "afterwards."},
};

static const struct {
    const char *line, *text;
} examples[] = {
    {"muster run --cpus 8 --wake mailbox", "Wake 8 processors by the ACPI mailbox of the shim."},
    {"muster boot vmlinuz --initrd initrd.img --append console=ttyS0 --until login:",
     "Boot a Linux under the shim until it asks for a login."},
    {"muster boot vmlinuz --keep logs --json report.json",
     "Keep the logs and the report of a machine that does not come up."},
    {"muster conform vmlinuz --symbols System.map",
     "Judge a kernel by the mailbox's rules, as a TD."},
    {"muster run --dry-run", "See how QEMU is started."},
    {"muster inspect", "Tell what is wrong with the tables of this machine (as root)."},
    {"muster timeline report.json -o run.svg", "Draw what a run reported."},
};

/* What roff would take for its own: the backslash, and a control character that begins a line. */
static void put(FILE *out, const char *text)
{
    for (bool begin = true; *text; text++) {
        if (begin && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            fputc(*text, out);
        begin = *text == '\n';
    }
}

/* A macro with one argument. */
static void put_macro(FILE *out, const char *macro, const char *text)
{
    fprintf(out, ".%s \"", macro);
    put(out, text);
    fputs("\"\n", out);
}

/* A text of any length, in lines of a length that is usual in roff. */
static void put_line(FILE *out, const char *text)
{
    char **words = g_strsplit(text, " ", -1);
    GString *line = g_string_new(NULL);
    for (char **word = words; *word; word++) {
        if (line->len && line->len + strlen(*word) >= LINE_BYTES) {
            g_string_append_c(line, '\n');
            put(out, line->str);
            g_string_truncate(line, 0);
        }
        g_string_append_printf(line, "%s%s", line->len ? " " : "", *word);
    }
    g_string_append_c(line, '\n');
    put(out, line->str);
    g_string_free(line, TRUE);
    g_strfreev(words);
}

static void put_paragraphs(FILE *out, const char *text)
{
    char **paragraphs = g_strsplit(text, "\n\n", -1);
    for (char **paragraph = paragraphs; *paragraph; paragraph++) {
        fputs(paragraph == paragraphs ? "" : ".PP\n", out);
        put_line(out, *paragraph);
    }
    g_strfreev(paragraphs);
}

static void put_option(FILE *out, const struct option *option)
{
    char *value = option_value_name(option);
    char *spelling = option_spelling(option);
    fputs(".TP\n\\fB", out);
    put(out, spelling);
    fputs("\\fR", out);
    if (value) {
        fputs(" \\fI", out);
        put(out, value);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    put_line(out, option->help);
    g_free(spelling);
    g_free(value);
}

static void put_verb(FILE *out, const struct verb *verb)
{
    const char *title = "";
    char *heading =
        g_strdup_printf("muster %s%s%s", verb->name, verb->operands[0] ? " " : "", verb->operands);
    put_macro(out, "SS", heading);
    put_line(out, verb->summary);
    fputs(".PP\n", out);
    put_paragraphs(out, verb->text);
    for (const struct option_group *const *group = verb->groups; *group; group++) {
        if (strcmp((*group)->title, title) != 0) {
            fputs(".PP\n", out);
            fprintf(out, "%s:\n", (*group)->title);
        }
        title = (*group)->title;
        for (const struct option *option = (*group)->options; option->name; option++)
            put_option(out, option);
    }
    g_free(heading);
}

static void put_synopsis(FILE *out)
{
    put_macro(out, "SH", "SYNOPSIS");
    for (const struct verb *const *verb = cli_verbs; *verb; verb++) {
        fprintf(out, "%s.B muster %s\n", verb == cli_verbs ? "" : ".br\n", (*verb)->name);
        char *rest = g_strdup_printf("%s%s%s", (*verb)->groups[0] ? "[OPTIONS]" : "",
                                     (*verb)->operands[0] ? " " : "", (*verb)->operands);
        if (rest[0])
            put_line(out, rest);
        g_free(rest);
    }
    fputs(".br\n.B muster \\-\\-version\n", out);
}

static void put_statuses(FILE *out)
{
    put_macro(out, "SH", "EXIT STATUS");
    for (unsigned status = 0; help_exit_statuses[status]; status++) {
        fprintf(out, ".TP\n%u\n", status);
        put_line(out, help_exit_statuses[status]);
    }
    fputs(".PP\nEnded by a signal, the command ends by the same.\n", out);
}

static void put_closing(FILE *out)
{
    put_macro(out, "SH", "ENVIRONMENT");
    for (size_t i = 0; i < G_N_ELEMENTS(environment); i++) {
        put_macro(out, "TP\n.B", environment[i].name);
        put_line(out, environment[i].text);
    }
    put_macro(out, "SH", "EXAMPLES");
    for (size_t i = 0; i < G_N_ELEMENTS(examples); i++) {
        put_macro(out, "TP\n.B", examples[i].line);
        put_line(out, examples[i].text);
    }
    put_macro(out, "SH", "SEE ALSO");
    fputs(".BR qemu\\-system\\-x86_64 (1)\n", out);
}

void help_print_manual(FILE *out)
{
    fputs(".\\\" Made by 'muster help --man'.\n", out);
    fputs(".TH MUSTER 1 " CLI_DATE " \"Muster " CLI_VERSION "\" \"User Commands\"\n", out);
    fputs(".SH NAME\nmuster \\- wake every processor of an x86\\-64 machine, and prove it\n", out);
    put_synopsis(out);
    put_macro(out, "SH", "DESCRIPTION");
    put_line(out,
             "Muster starts machines in QEMU, wakes their processors as kernels and firmware "
             "do, and judges from outside what they did. It also judges what firmware's tables "
             "say of processors, and draws what a run reported. Words behind \"--\" are QEMU's.");
    put_macro(out, "SH", "VERBS");
    for (const struct verb *const *verb = cli_verbs; *verb; verb++)
        put_verb(out, *verb);
    put_statuses(out);
    put_closing(out);
}
