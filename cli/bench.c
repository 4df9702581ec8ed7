/* muster bench: how fast CPUs come up, and how fast they do for others. */
#include <stdio.h>
#include <string.h>

#include "cli/base/files.h"
#include "cli/base/members.h"
#include "cli/base/output.h"
#include "cli/bench/bench.h"
#include "cli/bench/goals.h"
#include "cli/cli.h"
#include "cli/judge/outcome.h"
#include "cli/machine/firmware.h"
#include "cli/timeline/picture_file.h"

struct request {
    char *cpus, *only, *qemu, *linux_kernel, *xen, *ovmf;
    const char *threads;
    unsigned repeat, first;
    bool no_extras;
    char *json, *picture, *markdown;
};

#define AT(member) offsetof(struct request, member)

static const struct option who[] = {
    {.name = "only",
     .kind = OPTION_TEXT,
     .place = AT(only),
     .value = "NAME[,NAME...]",
     .help = "Only times, and of some of sipi, sipi-classic, mailbox, fdt, shim, seabios, ovmf, "
             "linux, linux-lpj, "
             "linux-mailbox, xen, td, hyperv (all)"},
    {.name = "linux",
     .kind = OPTION_FILE,
     .place = AT(linux_kernel),
     .value = "KERNEL",
     .help = "The Linux kernel to compare with"},
    {.name = "xen",
     .kind = OPTION_FILE,
     .place = AT(xen),
     .value = "FILE",
     .help = "The Xen to compare with"},
    {.name = "ovmf",
     .kind = OPTION_FILE,
     .place = AT(ovmf),
     .value = "FILE",
     .help = "The OVMF to compare with (Debian's)"},
    {.name = NULL},
};

static const struct option how[] = {
    {.name = "cpus",
     .kind = OPTION_TEXT,
     .place = AT(cpus),
     .value = "N[,N...]",
     .help = "How many CPUs, each 2 to 512, rising (4,16,64,255, and slow ones fewer)"},
    {.name = "threads",
     .kind = OPTION_WORD,
     .place = AT(threads),
     .words = bench_thread_words,
     .help = "One thread of the host for all CPUs, or one for each (single; "
             "unless this is given, 64 CPUs of sipi and "
             "seabios with one for each besides)"},
    {.name = "repeat",
     .kind = OPTION_NUMBER,
     .place = AT(repeat),
     .value = "N",
     .help = "Boot each so often (5)",
     .least = 1,
     .most = BENCH_MAX_REPEAT},
    {.name = "first",
     .kind = OPTION_NUMBER,
     .place = AT(first),
     .value = "N",
     .help = "In so many rounds boot others once more, to see their APs' first instructions (0)",
     .least = 0,
     .most = BENCH_MAX_REPEAT},
    {.name = "times-only",
     .kind = OPTION_FLAG,
     .place = AT(no_extras),
     .help = "No guest instructions, no cost of sleep, no discovery"},
    {.name = "qemu",
     .kind = OPTION_FILE,
     .place = AT(qemu),
     .value = "PATH",
     .help = "The QEMU to use (qemu-system-x86_64)"},
    {.name = NULL},
};

static const struct option output[] = {
    {.name = "json",
     .kind = OPTION_FILE,
     .place = AT(json),
     .value = "FILE",
     .help = "Write all samples there; with \"-\" to stdout, and all else to stderr"},
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_FILE,
     .place = AT(picture),
     .value = "FILE",
     .help = "Draw the times there: .svg, .png or .pdf"},
    {.name = "markdown",
     .kind = OPTION_FILE,
     .place = AT(markdown),
     .value = "FILE",
     .help = "Write the tables there, for a document"},
    {.name = NULL},
};

static const struct option_group group_who = {"Who is compared", who};
static const struct option_group group_how = {"How", how};
static const struct option_group group_output = {"What it leaves", output};
static const struct option_group *const groups[] = {&group_who, &group_how, &group_output, NULL};

/* Debian's, where it is; that there is none is no error but a contender less. */
static char *find_ovmf(const char *asked, const char *qemu_path)
{
    if (asked)
        return g_strdup(asked);
    const struct options options = {.firmware = FIRMWARE_OVMF, .firmware_word = "ovmf"};
    struct qemu *qemu = qemu_find(qemu_path, NULL);
    char *file = NULL;
    if (qemu)
        firmware_find(qemu, &options, &file, NULL);
    qemu_free(qemu);
    return file;
}

static bool check_files(const struct request *request, GError **error)
{
    guint64 bytes;
    return (!request->linux_kernel ||
            files_check("kernel", request->linux_kernel, &bytes, error)) &&
           (!request->xen || files_check("xen", request->xen, &bytes, error)) &&
           (!request->ovmf || files_check("ovmf", request->ovmf, &bytes, error));
}

static bool check_outputs(const struct request *request, GError **error)
{
    const char *const inputs[] = {request->linux_kernel, request->xen, request->ovmf};
    if ((request->picture && !picture_check_output(request->picture, error)) ||
        !option_is_apart("output", request->picture, request->json, error) ||
        !option_is_apart("markdown", request->markdown, request->json, error) ||
        !option_is_apart("markdown", request->markdown, request->picture, error))
        return false;
    for (guint i = 0; i < G_N_ELEMENTS(inputs); i++)
        if (!option_is_apart("output", request->picture, inputs[i], error) ||
            !option_is_apart("json", request->json, inputs[i], error) ||
            !option_is_apart("markdown", request->markdown, inputs[i], error))
            return false;
    if (!files_check_output("tables", request->markdown, error))
        return false;
    if (output_is_standard(request->json))
        return output_reserve_standard(error);
    return files_check_output("report", request->json, error);
}

static bool write_json(const char *path, const struct bench *bench, GError **error)
{
    JsonObject *object = bench_json(bench);
    bool good = members_write_report(path, object, error);
    json_object_unref(object);
    return good;
}

static bool write_markdown(const char *path, const struct bench *bench, GError **error)
{
    char *text = bench_markdown(bench);
    bool good = files_put("tables", path, text, strlen(text), error);
    g_free(text);
    return good;
}

/* One file that cannot be written must not cost the others, or minutes of work were for nothing. */
static bool write_outputs(const struct request *request, const struct bench *bench)
{
    GError *problems[] = {NULL, NULL, NULL};
    bool good = true;
    if (request->json)
        write_json(request->json, bench, &problems[0]);
    if (request->markdown)
        write_markdown(request->markdown, bench, &problems[1]);
    if (request->picture)
        bench_write_picture(bench, request->picture, &problems[2]);
    for (guint i = 0; i < G_N_ELEMENTS(problems); i++) {
        if (problems[i])
            cli_report_error(problems[i]);
        good &= !problems[i];
        g_clear_error(&problems[i]);
    }
    return good;
}

static int conclude(const struct request *request, const struct bench *bench, GError **error)
{
    struct goal goals[GOALS_MAX];
    guint count = goals_judge(bench, goals);
    bench_print(bench, stdout);
    bool written = write_outputs(request, bench);
    if (!bench_has_figure(bench))
        files_refuse(error, "nothing was measured: the table says why");
    if (!written || !bench_has_figure(bench))
        return CLI_ENVIRONMENT;
    return bench_is_whole(bench) && !goals_missed(goals, count) ? CLI_OK : CLI_FAILED;
}

static int run(const struct request *request, GError **error)
{
    struct bench bench = {.repeat = request->repeat,
                          .first = MIN(request->first, request->repeat),
                          .extras = !request->no_extras && !request->only};
    int status = CLI_ENVIRONMENT;
    if (!bench_set_sizes(&bench, request->cpus, error) ||
        !bench_set_contenders(&bench, request->only, error) || !check_files(request, error) ||
        !check_outputs(request, error))
        return status;
    bench_set_threads(&bench, request->threads);
    bench.files = (struct bench_files){request->qemu, request->linux_kernel, request->xen,
                                       find_ovmf(request->ovmf, request->qemu)};
    bool good = bench_run(&bench, error);
    if (bench.signal)
        status = OUTCOME_SIGNAL + bench.signal;
    else if (good)
        status = conclude(request, &bench, error);
    g_free(bench.files.ovmf);
    bench_clear(&bench);
    return status;
}

static int bench(const struct verb *verb, int argc, char **argv)
{
    struct request request = {.repeat = 5};
    GError *error = NULL;
    int status = CLI_OK;
    char **operands = option_parse(verb->groups, &request, argc, argv, &error);
    if (operands && operands[0])
        option_refuse(&error, "'%s' is one argument too many", operands[0]);
    if (!error)
        status = run(&request, &error);
    if (error)
        status = cli_report_error(error);
    g_clear_error(&error);
    g_free(operands);
    option_clear(verb->groups, &request);
    outcome_die_of(status);
    return status;
}

const struct verb verb_bench = {
    .name = "bench",
    .operands = "",
    .summary = "Time how fast CPUs come up: Muster's, and others' side by side.",
    .text =
        "Boots Muster's kernel by each way, its shim, and the peers whose files are there, on the "
        "same machine under TCG, in rounds, and times each from outside: from the first wake until "
        "all CPUs are on. Tables tell medians and spread, and whether what Muster is to reach was "
        "reached. A contender whose file is missing is left out, by name. What is measured from "
        "where to where: docs/performance.md.\n\n"
        "With all contenders and standard options it takes some minutes of a quiet machine; "
        "'make bench' gives the peers' files.\n\n"
        "Exit status: 0 it is measured, and nothing was missed; 1 a figure is not as it is to be, "
        "or a boot gave none; 2 wrong usage; 3 QEMU, a file, or the instrument: nothing was "
        "measured.",
    .groups = groups,
    .run = bench,
};
