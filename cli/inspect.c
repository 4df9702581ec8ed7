/* muster inspect: what a machine's tables say, which way to wake they lead to, what is wrong. */
#include <stdio.h>
#include <string.h>

#include "cli/base/files.h"
#include "cli/cli.h"
#include "cli/inspect/json.h"
#include "cli/inspect/own.h"
#include "cli/inspect/print.h"

struct inspect_options {
    char *json; /* a file, "-", or NULL */
    char *root;
    char *bsp; /* a number's text, or NULL */
    gboolean td;
    gboolean rules;
    gboolean help;
    char **files; /* operands; NULL: none */
};

static void clear_options(struct inspect_options *options)
{
    g_free(options->json);
    g_free(options->root);
    g_free(options->bsp);
    g_strfreev(options->files);
}

static GOptionContext *make_context(const struct verb *verb, struct inspect_options *o)
{
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_FILENAME, &o->json, "Write it all there; - is stdout", "FILE"},
        {"bsp", 0, 0, G_OPTION_ARG_STRING, &o->bsp, "The BSP's APIC ID, which no MADT tells", "ID"},
        {"td", 0, 0, G_OPTION_ARG_NONE, &o->td, "The files are of an Intel TD", NULL},
        {"root", 0, 0, G_OPTION_ARG_FILENAME, &o->root,
         "Without FILE: the folder that holds a machine's sys and proc (/)", "FOLDER"},
        {"rules", 0, 0, G_OPTION_ARG_NONE, &o->rules, "Only list the rules, as Markdown", NULL},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &o->help, "Show this help", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->files, NULL, NULL},
        {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
    };
    char *text = g_strdup_printf("%s\n\n%s", verb->summary, verb->text);
    char *name = g_strdup_printf("muster %s", verb->name);
    g_set_prgname(name);
    GOptionContext *context = g_option_context_new(verb->operands);
    g_option_context_set_summary(context, text);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_add_main_entries(context, entries, NULL);
    g_free(text);
    g_free(name);
    return context;
}

static bool refuse(GError **error, const char *what)
{
    g_set_error(error, CLI_ERROR, CLI_USAGE, "%s; 'muster help inspect' lists the options", what);
    return false;
}

static bool check_options(const struct inspect_options *options, struct premises *premises,
                          GError **error)
{
    guint64 bsp = MUSTER_BSP_UNKNOWN;
    if (options->files && options->root)
        return refuse(error, "--root is for a machine's own tables; leave it out, or the files");
    if (options->bsp &&
        !g_ascii_string_to_unsigned(options->bsp, 10, 0, MUSTER_BSP_UNKNOWN - 1, &bsp, NULL))
        return refuse(error, "--bsp needs an APIC ID, a decimal number of at most 32 bits");
    premises->bsp_apic_id = (guint32)bsp;
    premises->td = options->td;
    premises->own = !options->files && !options->root;
    return true;
}

static bool read_inputs(GPtrArray *inputs, const struct inspect_options *options,
                        struct premises *premises, GError **error)
{
    const char *root = options->root ? options->root : "/";
    bool good = true;
    for (char **file = options->files; good && file && *file; file++)
        good = inputs_read(inputs, *file, error);
    if (!options->files) {
        good = own_read(inputs, root, error);
        if (!options->bsp)
            premises->bsp_apic_id = own_bsp(root);
    }
    return good;
}

/* The last line tells whether the report is written, so it comes after that. */
static bool tell(const struct inspection *inspection, const char *json, GError **error)
{
    if (json && strcmp(json, "-") == 0)
        return inspection_write(inspection, json, error);
    inspection_print(inspection);
    bool good = !json || inspection_write(inspection, json, error);
    char *sum = inspection_sum(inspection);
    printf("\n%s: %s%s%s\n", inspection->per_severity[SEVERITY_ERROR] > 0 ? "FAILED" : "ok", sum,
           json && good ? "; report: " : "", json && good ? json : "");
    g_free(sum);
    return good;
}

static int inspect_inputs(const struct inspect_options *options, struct premises *premises,
                          GError **error)
{
    GPtrArray *inputs = inputs_new();
    struct inspection *inspection = NULL;
    bool to_file = options->json && strcmp(options->json, "-") != 0;
    int status = CLI_ENVIRONMENT;
    if ((!to_file || files_check_report(options->json, error)) &&
        read_inputs(inputs, options, premises, error))
        inspection = inspection_of(inputs, premises, error);
    if (inspection && tell(inspection, options->json, error))
        status = inspection->per_severity[SEVERITY_ERROR] > 0 ? CLI_FAILED : CLI_OK;
    inspection_free(inspection);
    g_ptr_array_unref(inputs);
    return status;
}

static int inspect_options(const struct inspect_options *options, GOptionContext *context,
                           GError **error)
{
    struct premises premises;
    if (options->help) {
        char *help = g_option_context_get_help(context, TRUE, NULL);
        fputs(help, stdout);
        g_free(help);
        return CLI_OK;
    }
    if (options->rules) {
        rules_print();
        return CLI_OK;
    }
    if (!check_options(options, &premises, error))
        return CLI_USAGE;
    return inspect_inputs(options, &premises, error);
}

static int inspect(const struct verb *verb, int argc, char **argv)
{
    struct inspect_options options = {0};
    GError *error = NULL, *problem = NULL;
    GOptionContext *context = make_context(verb, &options);
    int status = CLI_USAGE;
    if (g_option_context_parse(context, &argc, &argv, &problem)) {
        status = inspect_options(&options, context, &error);
    } else {
        refuse(&error, problem->message);
        g_error_free(problem);
    }
    if (error)
        status = cli_report_error(error);
    g_clear_error(&error);
    g_option_context_free(context);
    clear_options(&options);
    return status;
}

const struct verb verb_inspect = {
    .name = "inspect",
    .operands = "[FILE ...]",
    .summary = "Tell what a machine's tables say of its CPUs, how they would be woken, what is "
               "wrong.",
    .text = "Without FILE these are this machine's own: /sys/firmware/acpi/tables,\n"
            "/sys/firmware/fdt and /sys/firmware/memmap (as root). Else each FILE is an ACPI\n"
            "table (MADT, SRAT, RSDP, RSDT, XSDT, or any other), acpidump's text, a device tree\n"
            "(DTB, or DTS by dtc), a memory map (a copy of /sys/firmware/memmap, /proc/iomem as\n"
            "root reads it, or the kernel's BIOS-e820 lines), or a folder of such files; - is\n"
            "stdin. What a FILE is, is told by its content, not by its name. The tables are\n"
            "read, and the way is planned, by the library itself. The rules: docs/inspect.md.\n\n"
            "Exit status: 0 no finding is an error; 1 some are; 2 wrong usage; 3 a file cannot\n"
            "be read or is nothing of the above.",
    .run = inspect,
};
