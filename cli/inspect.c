/* muster inspect: what a machine's tables say, which way to wake they lead to, what is wrong. */
#include <stdio.h>

#include "cli/base/files.h"
#include "cli/base/members.h"
#include "cli/base/option.h"
#include "cli/base/output.h"
#include "cli/base/paint.h"
#include "cli/cli.h"
#include "cli/inspect/json.h"
#include "cli/inspect/own.h"
#include "cli/inspect/print.h"

struct inspect_options {
    char *json; /* a file, "-", or NULL */
    char *root;
    unsigned bsp; /* or MUSTER_BSP_UNKNOWN */
    bool td;
    bool rules;
    char **files; /* operands; the first is NULL: none */
};

#define AT(member) offsetof(struct inspect_options, member)

static const struct option entries[] = {
    {.name = "json",
     .kind = OPTION_FILE,
     .place = AT(json),
     .value = "FILE",
     .help = "Write it all there; with \"-\" to stdout, and all else to stderr"},
    {.name = "bsp",
     .kind = OPTION_NUMBER,
     .place = AT(bsp),
     .value = "ID",
     .help = "The BSP's APIC ID, which no MADT tells",
     .most = MUSTER_BSP_UNKNOWN - 1},
    {.name = "td", .kind = OPTION_FLAG, .place = AT(td), .help = "The files are of an Intel TD"},
    {.name = "root",
     .kind = OPTION_FILE,
     .place = AT(root),
     .value = "FOLDER",
     .help = "Without FILE: the folder that holds a machine's sys and proc (/)"},
    {.name = "rules",
     .kind = OPTION_FLAG,
     .place = AT(rules),
     .help = "Only list the rules, as Markdown"},
    {.name = NULL},
};

static const struct option_group tables = {"The tables", entries};
static const struct option_group *const groups[] = {&tables, NULL};

static bool check_options(const struct inspect_options *options, struct premises *premises,
                          GError **error)
{
    if (options->files[0] && options->root)
        return option_refuse(error,
                             "--root %s: is for a machine's own tables; leave it out, or "
                             "the files",
                             options->root);
    for (char **file = options->files; *file; file++)
        if (!option_is_apart("json", options->json, *file, error))
            return false;
    premises->bsp_apic_id = options->bsp;
    premises->td = options->td;
    premises->own = !options->files[0] && !options->root;
    return true;
}

static bool read_inputs(GPtrArray *inputs, const struct inspect_options *options,
                        struct premises *premises, GError **error)
{
    const char *root = options->root ? options->root : "/";
    bool good = true;
    for (char **file = options->files; good && *file; file++)
        good = inputs_read(inputs, *file, error);
    if (!options->files[0]) {
        good = own_read(inputs, root, error);
        if (options->bsp == MUSTER_BSP_UNKNOWN)
            premises->bsp_apic_id = own_bsp(root);
    }
    return good;
}

/* The last line tells whether the report is written, so it comes after that. */
static bool tell(const struct inspection *inspection, const char *json, GError **error)
{
    inspection_print(inspection);
    JsonObject *report = inspection_report(inspection);
    bool good = !json || members_write_report(json, report, error);
    char *sum = inspection_sum(inspection);
    printf("\n");
    paint_verdict(inspection->per_severity[SEVERITY_ERROR] == 0, sum, good ? json : NULL);
    g_free(sum);
    json_object_unref(report);
    return good;
}

static int inspect_inputs(const struct inspect_options *options, struct premises *premises,
                          GError **error)
{
    GPtrArray *inputs = inputs_new();
    struct inspection *inspection = NULL;
    int status = CLI_ENVIRONMENT;
    bool to_standard = output_is_standard(options->json);
    if ((to_standard ? output_reserve_standard(error)
                     : files_check_output("report", options->json, error)) &&
        read_inputs(inputs, options, premises, error))
        inspection = inspection_of(inputs, premises, error);
    if (inspection && tell(inspection, options->json, error))
        status = inspection->per_severity[SEVERITY_ERROR] > 0 ? CLI_FAILED : CLI_OK;
    inspection_free(inspection);
    g_ptr_array_unref(inputs);
    return status;
}

static int inspect_options(const struct inspect_options *options, GError **error)
{
    struct premises premises;
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
    struct inspect_options options = {.bsp = MUSTER_BSP_UNKNOWN};
    GError *error = NULL;
    int status = CLI_USAGE;
    options.files = option_parse(verb->groups, &options, argc, argv, &error);
    if (options.files)
        status = inspect_options(&options, &error);
    if (error)
        status = cli_report_error(error);
    g_clear_error(&error);
    g_free(options.files);
    option_clear(verb->groups, &options);
    return status;
}

const struct verb verb_inspect = {
    .name = "inspect",
    .operands = "[FILE ...]",
    .takes_files = true,
    .summary = "Tell what a machine's tables say of its CPUs, and what is wrong.",
    .text = "Without FILE these are this machine's own: /sys/firmware/acpi/tables,\n"
            "/sys/firmware/fdt and /sys/firmware/memmap (as root). Else each FILE is an ACPI\n"
            "table (MADT, SRAT, RSDP, RSDT, XSDT, or any other), acpidump's text, a device tree\n"
            "(DTB, or DTS by dtc), a memory map (a copy of /sys/firmware/memmap, /proc/iomem as\n"
            "root reads it, or the kernel's BIOS-e820 lines), or a folder of such files; - is\n"
            "stdin. What a FILE is, is told by its content, not by its name. The tables are\n"
            "read, and the way is planned, by the library itself. The rules: docs/inspect.md.\n\n"
            "Exit status: 0 no finding is an error; 1 some are; 2 wrong usage; 3 a file cannot\n"
            "be read or is nothing of the above.",
    .groups = groups,
    .run = inspect,
};
