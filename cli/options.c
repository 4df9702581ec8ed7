#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "cli/options_check.h"

static void add_common(GOptionContext *context, struct options_raw *raw)
{
    struct options *o = raw->options;
    const GOptionEntry entries[] = {
        {"cpus", 0, 0, G_OPTION_ARG_STRING, &raw->cpus, "Processors, 1 to 512, of a TD to 64 (4)",
         "N"},
        {"json", 0, 0, G_OPTION_ARG_FILENAME, &o->json, "Write the report there", "FILE"},
        {"timeout", 0, 0, G_OPTION_ARG_STRING, &raw->timeout, "Give up after S seconds", "S"},
        {"append", 0, 0, G_OPTION_ARG_STRING, &o->append, "Words for the kernel", "S"},
        {"mailbox-version", 0, 0, G_OPTION_ARG_STRING, &o->mailbox_version,
         "The mailbox that the shim serves", "0|1"},
        {"firmware-memory", 0, 0, G_OPTION_ARG_STRING, &o->firmware_memory,
         "How the shim declares its memory", "reserved|nvs|usable"},
        {"page-tables", 0, 0, G_OPTION_ARG_STRING, &o->page_tables,
         "Where the shim puts the APs' page tables", "ADDR"},
        {"tables", 0, 0, G_OPTION_ARG_STRING, &o->tables, "What the shim describes its mailbox by",
         "acpi|fdt|both"},
        {"shim-append", 0, 0, G_OPTION_ARG_STRING, &o->shim_append, "Words for the shim", "S"},
        {"qemu", 0, 0, G_OPTION_ARG_FILENAME, &o->qemu, "QEMU to use", "PATH"},
        {"cpu", 0, 0, G_OPTION_ARG_STRING, &o->cpu, "QEMU's CPU model", "MODEL"},
        {"memory", 0, 0, G_OPTION_ARG_STRING, &raw->memory, "Guest memory (1G; a TD has 2G)",
         "SIZE"},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &raw->help, "Show this help", NULL},
        {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
}

static void add_group(GOptionContext *context, unsigned groups, struct options_raw *raw)
{
    struct options *o = raw->options;
    const GOptionEntry none = {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL};
    const GOptionEntry run[] = {
        {"wake", 0, 0, G_OPTION_ARG_STRING, &raw->wake, "How to wake the CPUs (auto)",
         "auto|sipi|mailbox|fdt|hyperv"},
        {"order", 0, 0, G_OPTION_ARG_STRING, &raw->order, "In which to start the CPUs (listed)",
         "listed|performance|cores|nearest"},
        {"cycles", 0, 0, G_OPTION_ARG_STRING, &raw->cycles, "Turn CPUs off and on N times", "N"},
        {"park-ms", 0, 0, G_OPTION_ARG_STRING, &raw->park_ms,
         "Measure what N ms of parked CPUs cost the host", "N"},
        {"seed", 0, 0, G_OPTION_ARG_STRING, &raw->seed, "Which CPUs, and when (by chance)", "N"},
        {"then", 0, 0, G_OPTION_ARG_FILENAME, &o->then,
         "Then hand all CPUs back and boot this kernel", "KERNEL"},
        {"then-initrd", 0, 0, G_OPTION_ARG_FILENAME, &o->then_initrd, "Its initial RAM disk",
         "FILE"},
        {"then-append", 0, 0, G_OPTION_ARG_STRING, &o->then_append, "Its words (console=ttyS0)",
         "S"},
        {"until", 0, 0, G_OPTION_ARG_STRING, &o->until, "With --then: as for muster boot", "TEXT"},
        {"hand-back", 0, 0, G_OPTION_ARG_STRING, &raw->hand_backs,
         "Hand CPUs back to the shim N times (1)", "N"},
        {"hot-add", 0, 0, G_OPTION_ARG_STRING, &raw->hot_add,
         "Put N CPUs in while it runs, and take them out; twice", "N"},
        {"timeline", 0, 0, G_OPTION_ARG_FILENAME, &o->timeline,
         "Draw every CPU's phases there: .svg, .png, .pdf, .html, .json", "FILE"},
        {"vp-index", 0, 0, G_OPTION_ARG_STRING, &o->vp_index, "hyperv: VP indexes are not APIC IDs",
         "shuffled"},
        {"time-out", 0, 0, G_OPTION_ARG_STRING, &o->time_out,
         "hyperv: every Nth hypercall of two kinds times out", "N"},
        {"lost-vp", 0, 0, G_OPTION_ARG_STRING, &o->lost_vp,
         "hyperv: the VP of this index is started, and never runs", "N"},
        {"per-vp-memory", 0, 0, G_OPTION_ARG_STRING, &o->per_vp_memory,
         "hyperv: nested tables for each VP", "on"},
        {"reference-clock", 0, 0, G_OPTION_ARG_STRING, &o->reference_clock,
         "hyperv: the hypervisor's clock is wrong", "slow"},
        none,
    };
    const GOptionEntry boot[] = {
        {"initrd", 0, 0, G_OPTION_ARG_FILENAME, &o->initrd, "Initial RAM disk", "FILE"},
        {"until", 0, 0, G_OPTION_ARG_STRING, &o->until,
         "Done when the guest prints TEXT (its line on starting init, or result)", "TEXT"},
        none,
    };
    /* What conform always is, and what a TD never has. */
    const GOptionEntry by_choice[] = {
        {"td", 0, 0, G_OPTION_ARG_NONE, &raw->td, "As an Intel TD, under the monitor", NULL},
        {"gdb", 0, 0, G_OPTION_ARG_NONE, &raw->gdb, "Wait for gdb; no deadline", NULL},
        none,
    };
    const GOptionEntry conform[] = {
        {"symbols", 0, 0, G_OPTION_ARG_FILENAME, &o->symbols,
         "Names for the kernel's addresses: System.map, nm's output, or ELF", "FILE"},
        none,
    };
    if (groups & OPTIONS_RUN)
        g_option_context_add_main_entries(context, run, NULL);
    if (groups & OPTIONS_BOOT)
        g_option_context_add_main_entries(context, boot, NULL);
    g_option_context_add_main_entries(context, groups & OPTIONS_CONFORM ? conform : by_choice,
                                      NULL);
}

/* GLib's own treatment of "--" depends on what follows it; ours does not. */
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

static void print_help(GOptionContext *context)
{
    char *help = g_option_context_get_help(context, TRUE, NULL);
    fputs(help, stdout);
    g_free(help);
}

static GOptionContext *make_context(const struct verb *verb, unsigned groups,
                                    struct options_raw *raw)
{
    char *operands = g_strdup_printf("%s [-- QEMU-ARGUMENTS]", verb->operands);
    char *text = g_strdup_printf("%s\n\n%s", verb->summary, verb->text);
    char *name = g_strdup_printf("muster %s", verb->name);
    g_set_prgname(name);
    GOptionContext *context = g_option_context_new(g_strstrip(operands));
    g_option_context_set_summary(context, text);
    g_option_context_set_help_enabled(context, FALSE);
    add_common(context, raw);
    add_group(context, groups, raw);
    g_free(operands);
    g_free(text);
    g_free(name);
    return context;
}

struct options *options_parse(const struct verb *verb, unsigned groups, int argc, char **argv,
                              GError **error)
{
    struct options_raw raw = {.options = g_new0(struct options, 1)};
    GOptionContext *context = make_context(verb, groups, &raw);
    raw.options->qemu_arguments = split_off_qemu_arguments(&argc, argv);

    /* GLib changes the vector it is given; the strings stay the caller's. */
    char **words = g_new0(char *, (size_t)argc + 1);
    memcpy(words, argv, (size_t)argc * sizeof(*words));
    GError *problem = NULL;
    bool good = g_option_context_parse(context, &argc, &words, &problem);
    if (!good) {
        options_refuse(error, "%s; 'muster help %s' lists the options", problem->message,
                       verb->name);
        g_error_free(problem);
    } else if (raw.help) {
        print_help(context);
    } else {
        good = options_check(&raw, groups, argc, words, error);
    }
    g_free(words);
    g_option_context_free(context);
    g_free(raw.cpus);
    g_free(raw.timeout);
    g_free(raw.wake);
    g_free(raw.order);
    g_free(raw.memory);
    g_free(raw.cycles);
    g_free(raw.seed);
    g_free(raw.park_ms);
    g_free(raw.hand_backs);
    g_free(raw.hot_add);
    if (good && !raw.help)
        return raw.options;
    options_free(raw.options);
    return NULL;
}

void options_free(struct options *options)
{
    if (!options)
        return;
    char *texts[] = {options->json,
                     options->order,
                     options->then,
                     options->then_initrd,
                     options->then_append,
                     options->append,
                     options->mailbox_version,
                     options->timeline,
                     options->page_tables,
                     options->firmware_memory,
                     options->shim_append,
                     options->tables,
                     options->vp_index,
                     options->time_out,
                     options->per_vp_memory,
                     options->reference_clock,
                     options->kernel,
                     options->initrd,
                     options->until,
                     options->symbols,
                     options->qemu,
                     options->cpu,
                     options->memory};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    g_strfreev(options->qemu_arguments);
    g_free(options);
}

unsigned options_most_cpus(const struct options *options)
{
    return options->cpus + OPTIONS_HOT_ADD_ROUNDS * options->hot_add;
}

static void add_word(GString *words, const char *name, const char *value)
{
    if (value)
        g_string_append_printf(words, "%s%s%s", words->len ? " " : "", name, value);
}

char *options_shim_words(const struct options *options)
{
    GString *words = g_string_new(NULL);
    add_word(words, "mailbox-version=", options->mailbox_version);
    add_word(words, "firmware-memory=", options->firmware_memory);
    add_word(words, "page-tables=", options->page_tables);
    add_word(words, "tables=", options->tables);
    add_word(words, "", options->shim_append);
    return g_string_free(words, FALSE);
}

char *options_monitor_words(const struct options *options)
{
    GString *words = g_string_new(NULL);
    add_word(words, "profile=", options->td ? "tdx" : "hyperv");
    if (options->td && options->wake == WAKE_HYPERV)
        add_word(words, "", "hypercalls=hyperv start=hypercall");
    add_word(words, "vp-index=", options->vp_index);
    add_word(words, "time-out=", options->time_out);
    add_word(words, "lost-vp=", options->lost_vp);
    add_word(words, "per-vp-memory=", options->per_vp_memory);
    add_word(words, "reference-clock=", options->reference_clock);
    return g_string_free(words, FALSE);
}
