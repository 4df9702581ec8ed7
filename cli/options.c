#include "cli/options.h"

#include <stdio.h>
#include <string.h>

/* Below 4 GiB, where q35 puts 2 of the 3 GiB, all is the guest's; the monitor lives above. */
#define TD_MACHINE_MEMORY "3G"
#define TD_MACHINE_BYTES  ((guint64)3 << 30)
#define TD_GUEST_BYTES    ((guint64)2 << 30)

/* What GOptionContext fills in, before it is checked. */
struct raw {
    char *cpus, *timeout, *wake, *memory, *cycles, *seed, *hand_backs, *park_ms, *hot_add;
    gboolean td, gdb, help;
    struct options *options;
};

static void add_common(GOptionContext *context, struct raw *raw)
{
    struct options *o = raw->options;
    const GOptionEntry entries[] = {
        {"cpus", 0, 0, G_OPTION_ARG_STRING, &raw->cpus, "Processors, 1 to 512 (4)", "N"},
        {"json", 0, 0, G_OPTION_ARG_FILENAME, &o->json, "Write the report there", "FILE"},
        {"timeout", 0, 0, G_OPTION_ARG_STRING, &raw->timeout, "Give up after S seconds", "S"},
        {"append", 0, 0, G_OPTION_ARG_STRING, &o->append, "Words for the kernel", "S"},
        {"mailbox-version", 0, 0, G_OPTION_ARG_STRING, &o->mailbox_version,
         "The mailbox that the shim serves", "0|1"},
        {"firmware-memory", 0, 0, G_OPTION_ARG_STRING, &o->firmware_memory,
         "How the shim declares its memory", "reserved|nvs|usable"},
        {"page-tables", 0, 0, G_OPTION_ARG_STRING, &o->page_tables,
         "Where the shim puts the APs' page tables", "ADDR"},
        {"shim-append", 0, 0, G_OPTION_ARG_STRING, &o->shim_append, "Words for the shim", "S"},
        {"qemu", 0, 0, G_OPTION_ARG_FILENAME, &o->qemu, "QEMU to use", "PATH"},
        {"cpu", 0, 0, G_OPTION_ARG_STRING, &o->cpu, "QEMU's CPU model", "MODEL"},
        {"memory", 0, 0, G_OPTION_ARG_STRING, &raw->memory, "Guest memory (1G)", "SIZE"},
        {"td", 0, 0, G_OPTION_ARG_NONE, &raw->td, "As an Intel TD, under the monitor", NULL},
        {"gdb", 0, 0, G_OPTION_ARG_NONE, &raw->gdb, "Wait for gdb; no deadline", NULL},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &raw->help, "Show this help", NULL},
        {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
}

static void add_group(GOptionContext *context, unsigned groups, struct raw *raw)
{
    struct options *o = raw->options;
    const GOptionEntry none = {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL};
    const GOptionEntry run[] = {
        {"wake", 0, 0, G_OPTION_ARG_STRING, &raw->wake, "How to wake the CPUs (auto)",
         "auto|sipi|mailbox"},
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
        none,
    };
    const GOptionEntry boot[] = {
        {"initrd", 0, 0, G_OPTION_ARG_FILENAME, &o->initrd, "Initial RAM disk", "FILE"},
        {"until", 0, 0, G_OPTION_ARG_STRING, &o->until,
         "Done when the guest prints TEXT (its line on starting init, or result)", "TEXT"},
        none,
    };
    if (groups & OPTIONS_RUN)
        g_option_context_add_main_entries(context, run, NULL);
    if (groups & OPTIONS_BOOT)
        g_option_context_add_main_entries(context, boot, NULL);
}

G_GNUC_PRINTF(2, 3)
static bool usage(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, CLI_ERROR, CLI_USAGE, text);
    g_free(text);
    return false;
}

static bool one_of(const char *option, const char *value, const char *const *words, GError **error)
{
    if (!value || g_strv_contains(words, value))
        return true;
    char *list = g_strjoinv(", ", (char **)words);
    usage(error, "--%s %s: give one of %s", option, value, list);
    g_free(list);
    return false;
}

static bool check_cpus(struct options *options, const char *text, GError **error)
{
    guint64 number = 4;
    if (text && !g_ascii_string_to_unsigned(text, 10, 1, OPTIONS_MAX_CPUS, &number, NULL))
        return usage(error, "--cpus %s: give a number from 1 to %d", text, OPTIONS_MAX_CPUS);
    options->cpus = (unsigned)number;
    return true;
}

static bool check_timeout(struct options *options, const char *text, double standard,
                          GError **error)
{
    char *end = NULL;
    options->timeout_s = text ? g_ascii_strtod(text, &end) : standard;
    if (!text || (end != text && !*end && options->timeout_s > 0 && options->timeout_s <= 1e6))
        return true;
    return usage(error, "--timeout %s: give seconds, more than 0 and at most 1000000", text);
}

static bool check_wake(struct options *options, const char *text, GError **error)
{
    static const char *const words[] = {"auto", "sipi", "mailbox", NULL};
    if (!one_of("wake", text, words, error))
        return false;
    options->wake = WAKE_AUTO;
    for (unsigned i = 0; text && words[i]; i++) {
        if (strcmp(text, words[i]) == 0)
            options->wake = (enum wake)i;
    }
    return true;
}

static bool check_number(const char *option, const char *text, guint64 most, guint64 *number,
                         GError **error)
{
    if (!text || g_ascii_string_to_unsigned(text, 10, 1, most, number, NULL))
        return true;
    return usage(error, "--%s %s: give a number from 1 to %" G_GUINT64_FORMAT, option, text, most);
}

/* The seed is the kernel's only chance: what is not given is drawn here, and reported. */
static bool check_life(struct options *options, const struct raw *raw, GError **error)
{
    guint64 cycles = 0, hand_backs = 1, park_ms = 0;
    options->seed = 1 + g_random_int();
    if (!check_number("cycles", raw->cycles, OPTIONS_MAX_ROUNDS, &cycles, error) ||
        !check_number("park-ms", raw->park_ms, OPTIONS_MAX_PARK_MS, &park_ms, error) ||
        !check_number("seed", raw->seed, G_MAXINT64, &options->seed, error) ||
        !check_number("hand-back", raw->hand_backs, OPTIONS_MAX_ROUNDS, &hand_backs, error))
        return false;
    options->cycles = (unsigned)cycles;
    options->hand_backs = (unsigned)hand_backs;
    options->park_ms = (unsigned)park_ms;
    if (raw->seed && !raw->cycles)
        return usage(error, "--seed %s: there is nothing to choose; add --cycles N", raw->seed);
    if (raw->hand_backs && options->wake != WAKE_MAILBOX)
        return usage(error,
                     "--hand-back %s: CPUs go back by a mailbox's ResetVector; add --wake "
                     "mailbox or --td",
                     raw->hand_backs);
    return true;
}

static bool check_then(const struct options *options, unsigned groups, GError **error)
{
    bool run = groups & OPTIONS_RUN;
    if (run && !options->then && (options->then_initrd || options->then_append || options->until))
        return usage(error, "--then-initrd, --then-append and --until are for the kernel that "
                            "comes next; add --then KERNEL");
    if (!options->then)
        return true;
    if (options->wake != WAKE_MAILBOX)
        return usage(error,
                     "--then %s: it gets its CPUs by the shim's mailbox; add --wake mailbox or "
                     "--td",
                     options->then);
    if (g_strcmp0(options->mailbox_version, "0") == 0)
        return usage(error,
                     "--then %s: a mailbox of version 0 takes no CPU back; leave "
                     "--mailbox-version out",
                     options->then);
    return true;
}

/* What makes no sense in a TD; what is right there unless it is said otherwise. */
static bool check_td(struct options *options, const struct raw *raw, unsigned groups,
                     GError **error)
{
    options->td = raw->td;
    if (!raw->td)
        return true;
    if (options->cpus > OPTIONS_MAX_TD_CPUS)
        return usage(error, "--td --cpus %u: give at most %d; the monitor holds no more",
                     options->cpus, OPTIONS_MAX_TD_CPUS);
    if (raw->gdb)
        return usage(error, "--td --gdb: gdb would find the monitor as often as the guest; leave "
                            "one of them out");
    if ((groups & OPTIONS_RUN) && raw->wake && options->wake != WAKE_MAILBOX)
        return usage(error, "--td --wake %s: a TD has the mailbox alone; leave --wake out",
                     raw->wake);
    options->wake = WAKE_MAILBOX;
    return true;
}

/* A newcomer finds no firmware that would park it: nothing but INIT-SIPI can reach it. */
static bool check_hot_add(const struct options *options, GError **error)
{
    static const char refusal[] = "no firmware is left to park a CPU that comes later";
    if (!options->hot_add)
        return true;
    if (options->td)
        return usage(error,
                     "--td --hot-add %u: %s, and a TD has no INIT and SIPI to wake it by; "
                     "leave one of them out",
                     options->hot_add, refusal);
    if (options->wake != WAKE_AUTO && options->wake != WAKE_SIPI)
        return usage(error, "--hot-add %u: %s, and only INIT-SIPI can wake it; use --wake sipi",
                     options->hot_add, refusal);
    if (options_most_cpus(options) > OPTIONS_MAX_CPUS)
        return usage(error,
                     "--cpus %u --hot-add %u: the machine needs room for %u CPUs, and the "
                     "kernel holds %d",
                     options->cpus, options->hot_add, options_most_cpus(options), OPTIONS_MAX_CPUS);
    return true;
}

/* The machine is always the same: see docs/monitor.md. */
static bool check_td_memory(struct options *options, GError **error)
{
    if (options->memory_bytes != TD_MACHINE_BYTES)
        return usage(error,
                     "--td --memory %s: the machine has 3G, of which the guest gets 2 GiB; "
                     "leave --memory out",
                     options->memory);
    options->memory_bytes = TD_GUEST_BYTES;
    return true;
}

/* QEMU's own spelling: a number, in MiB unless a suffix says otherwise. */
static bool check_memory(struct options *options, const char *text, GError **error)
{
    options->memory = g_strdup(text ? text : options->td ? TD_MACHINE_MEMORY : "1G");
    char *end = NULL;
    guint64 number = g_ascii_strtoull(options->memory, &end, 10);
    const char *suffixes = "KMGT";
    char suffix = g_ascii_toupper(*end ? *end : 'M');
    const char *found = strchr(suffixes, suffix);
    if (!g_ascii_isdigit(options->memory[0]) || number == 0 || number > (1u << 30) || !found ||
        (*end && end[1]))
        return usage(error, "--memory %s: give a size such as 512M or 2G", options->memory);
    options->memory_bytes = number << (10 * (found - suffixes + 1));
    if (options->memory_bytes < OPTIONS_MIN_MEMORY)
        return usage(error, "--memory %s: give 64M or more", options->memory);
    return !options->td || check_td_memory(options, error);
}

static bool check_page_tables(struct options *options, GError **error)
{
    const char *text = options->page_tables;
    if (!text)
        return true;
    bool hex = g_ascii_strncasecmp(text, "0x", 2) == 0;
    guint64 address = 0;
    if (!g_ascii_string_to_unsigned(hex ? text + 2 : text, hex ? 16 : 10, 1, G_MAXUINT64, &address,
                                    NULL) ||
        address % 4096 != 0)
        return usage(error, "--page-tables %s: give a multiple of 4096, such as 0x11000000", text);
    g_free(options->page_tables);
    options->page_tables = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", address);
    return true;
}

static bool check_shim_words(const struct options *options, unsigned groups, GError **error)
{
    static const char *const versions[] = {"0", "1", NULL};
    static const char *const memories[] = {"reserved", "nvs", "usable", NULL};
    if (!one_of("mailbox-version", options->mailbox_version, versions, error) ||
        !one_of("firmware-memory", options->firmware_memory, memories, error))
        return false;
    bool given = options->mailbox_version || options->firmware_memory || options->page_tables ||
                 options->shim_append;
    if (given && (groups & OPTIONS_RUN) && options->wake != WAKE_MAILBOX)
        return usage(error, "--mailbox-version, --firmware-memory, --page-tables and "
                            "--shim-append are for the shim; add --wake mailbox or --td");
    return true;
}

static bool check_operands(struct options *options, unsigned groups, int argc, char **argv,
                           GError **error)
{
    int wanted = groups & OPTIONS_BOOT ? 1 : 0;
    if (argc - 1 < wanted)
        return usage(error, "which kernel? 'muster %s KERNEL'", argv[0]);
    if (argc - 1 > wanted)
        return usage(error, "'%s' is one argument too many; 'muster help %s' tells more",
                     argv[wanted + 1], argv[0]);
    options->kernel = wanted ? g_strdup(argv[1]) : NULL;
    return true;
}

static bool check(struct raw *raw, unsigned groups, int argc, char **argv, GError **error)
{
    struct options *options = raw->options;
    options->gdb = raw->gdb;
    if (!check_operands(options, groups, argc, argv, error) ||
        !check_cpus(options, raw->cpus, error))
        return false;
    guint64 hot_add = 0;
    if (!check_number("hot-add", raw->hot_add, OPTIONS_MAX_HOT_ADD, &hot_add, error))
        return false;
    options->hot_add = (unsigned)hot_add;
    bool foreign = (groups & OPTIONS_BOOT) || options->then;
    double standard = foreign ? 180 : 60 + 0.5 * options_most_cpus(options);
    return check_timeout(options, raw->timeout, standard, error) &&
           check_wake(options, raw->wake, error) && check_td(options, raw, groups, error) &&
           check_memory(options, raw->memory, error) && check_page_tables(options, error) &&
           check_shim_words(options, groups, error) && check_life(options, raw, error) &&
           check_then(options, groups, error) && check_hot_add(options, error);
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

static GOptionContext *make_context(const struct verb *verb, unsigned groups, struct raw *raw)
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
    struct raw raw = {.options = g_new0(struct options, 1)};
    GOptionContext *context = make_context(verb, groups, &raw);
    raw.options->qemu_arguments = split_off_qemu_arguments(&argc, argv);

    /* GLib changes the vector it is given; the strings stay the caller's. */
    char **words = g_new0(char *, (size_t)argc + 1);
    memcpy(words, argv, (size_t)argc * sizeof(*words));
    GError *problem = NULL;
    bool good = g_option_context_parse(context, &argc, &words, &problem);
    if (!good) {
        usage(error, "%s; 'muster help %s' lists the options", problem->message, verb->name);
        g_error_free(problem);
    } else if (raw.help) {
        print_help(context);
    } else {
        good = check(&raw, groups, argc, words, error);
    }
    g_free(words);
    g_option_context_free(context);
    g_free(raw.cpus);
    g_free(raw.timeout);
    g_free(raw.wake);
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
                     options->append,
                     options->mailbox_version,
                     options->page_tables,
                     options->firmware_memory,
                     options->shim_append,
                     options->kernel,
                     options->initrd,
                     options->until,
                     options->then,
                     options->then_initrd,
                     options->then_append,
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
    add_word(words, "", options->shim_append);
    return g_string_free(words, FALSE);
}
