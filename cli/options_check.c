#include "cli/options_check.h"

#include <string.h>

#include "cli/timeline/files.h"

/* Below 4 GiB, where q35 puts 2 of the 3 GiB, all is the guest's; the monitor lives above. */
#define TD_MACHINE_MEMORY "3G"
#define TD_MACHINE_BYTES  ((guint64)3 << 30)
#define TD_GUEST_BYTES    ((guint64)2 << 30)

bool options_refuse(GError **error, const char *format, ...)
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
    options_refuse(error, "--%s %s: give one of %s", option, value, list);
    g_free(list);
    return false;
}

static bool check_cpus(struct options *options, const char *text, GError **error)
{
    guint64 number = 4;
    if (text && !g_ascii_string_to_unsigned(text, 10, 1, OPTIONS_MAX_CPUS, &number, NULL))
        return options_refuse(error, "--cpus %s: give a number from 1 to %d", text,
                              OPTIONS_MAX_CPUS);
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
    return options_refuse(error, "--timeout %s: give seconds, more than 0 and at most 1000000",
                          text);
}

bool options_by_mailbox(const struct options *options)
{
    return options->wake == WAKE_MAILBOX || options->wake == WAKE_FDT ||
           options->wake == WAKE_HYPERV;
}

bool options_by_tree(const struct options *options)
{
    return options->wake == WAKE_FDT ||
           (options->wake == WAKE_HYPERV && strcmp(options->tables, "fdt") == 0);
}

static bool check_wake(struct options *options, const char *text, GError **error)
{
    static const char *const words[] = {"auto", "sipi", "mailbox", "fdt", "hyperv", NULL};
    if (!one_of("wake", text, words, error))
        return false;
    options->wake = WAKE_AUTO;
    for (unsigned i = 0; text && words[i]; i++) {
        if (strcmp(text, words[i]) == 0)
            options->wake = (enum wake)i;
    }
    return true;
}

/* The names are the kernel's (lib/order.c). */
static bool check_order(struct options *options, const char *text, GError **error)
{
    static const char *const words[] = {"listed", "performance", "cores", "nearest", NULL};
    if (!one_of("order", text, words, error))
        return false;
    options->order = g_strdup(text);
    return true;
}

/* What makes no sense under the monitor; what is right there unless it is said otherwise. */
static bool check_monitored(struct options *options, const struct options_raw *raw, unsigned groups,
                            GError **error)
{
    options->td = raw->td || (groups & OPTIONS_CONFORM);
    options->monitored = options->td || options->wake == WAKE_HYPERV;
    const char *why = raw->td ? "--td " : options->td ? "" : "--wake hyperv ";
    if (!options->monitored)
        return true;
    if (options->cpus > OPTIONS_MAX_TD_CPUS)
        return options_refuse(error, "%s--cpus %u: give at most %d; the monitor holds no more", why,
                              options->cpus, OPTIONS_MAX_TD_CPUS);
    if (raw->gdb)
        return options_refuse(error,
                              "%s--gdb: gdb would find the monitor as often as the guest; leave "
                              "one of them out",
                              why);
    if ((groups & OPTIONS_RUN) && raw->wake && !options_by_mailbox(options))
        return options_refuse(error, "--td --wake %s: a TD has the mailbox alone; leave --wake out",
                              raw->wake);
    if (!options_by_mailbox(options))
        options->wake = WAKE_MAILBOX;
    return true;
}

static bool number_from(const char *text, guint64 least)
{
    guint64 number;
    return !text || g_ascii_string_to_unsigned(text, 10, least, G_MAXUINT32, &number, NULL);
}

static bool check_numbers(const struct options *options, GError **error)
{
    if (!number_from(options->time_out, 2))
        return options_refuse(error,
                              "--time-out %s: give a number from 2 on (--timeout is the run's)",
                              options->time_out);
    if (!number_from(options->lost_vp, 1))
        return options_refuse(error, "--lost-vp %s: give a VP's index, from 1 on",
                              options->lost_vp);
    return true;
}

/* The monitor's own words would end the machine; here they are told before it starts. */
static bool check_hyperv(const struct options *options, GError **error)
{
    static const char *const indexes[] = {"shuffled", NULL};
    static const char *const ons[] = {"on", NULL};
    static const char *const clocks[] = {"slow", NULL};
    bool given = options->vp_index || options->time_out || options->lost_vp ||
                 options->per_vp_memory || options->reference_clock;
    if (!one_of("vp-index", options->vp_index, indexes, error) ||
        !one_of("per-vp-memory", options->per_vp_memory, ons, error) ||
        !one_of("reference-clock", options->reference_clock, clocks, error) ||
        !check_numbers(options, error))
        return false;
    if (given && options->wake != WAKE_HYPERV)
        return options_refuse(error, "--vp-index, --time-out, --lost-vp, --per-vp-memory and "
                                     "--reference-clock are the hypervisor's; add --wake hyperv");
    if (options->per_vp_memory && options->td)
        return options_refuse(error, "--per-vp-memory: not in a TD; leave --td out");
    return true;
}

/* Who asks for a tree, or follows OpenHCL, gets no ACPI beside it unless that is asked for. */
static bool check_tables(struct options *options, GError **error)
{
    static const char *const words[] = {"acpi", "fdt", "both", NULL};
    if (!one_of("tables", options->tables, words, error))
        return false;
    if (!options->tables && (options->wake == WAKE_FDT || options->wake == WAKE_HYPERV))
        options->tables = g_strdup("fdt");
    if (options->wake == WAKE_FDT && strcmp(options->tables, "fdt") != 0)
        return options_refuse(error,
                              "--wake fdt --tables %s: the tree alone is asked for; leave "
                              "one of them out",
                              options->tables);
    return true;
}

/* The machine is always the same: see docs/monitor.md. */
static bool check_td_memory(struct options *options, GError **error)
{
    if (options->memory_bytes != TD_MACHINE_BYTES)
        return options_refuse(
            error,
            "--memory %s: under the monitor the machine has 3G, of which the guest gets 2 GiB; "
            "leave --memory out",
            options->memory);
    options->memory_bytes = TD_GUEST_BYTES;
    return true;
}

/* QEMU's own spelling: a number, in MiB unless a suffix says otherwise. */
static bool check_memory(struct options *options, const char *text, GError **error)
{
    options->memory = g_strdup(text ? text : options->monitored ? TD_MACHINE_MEMORY : "1G");
    char *end = NULL;
    guint64 number = g_ascii_strtoull(options->memory, &end, 10);
    const char *suffixes = "KMGT";
    char suffix = g_ascii_toupper(*end ? *end : 'M');
    const char *found = strchr(suffixes, suffix);
    if (!g_ascii_isdigit(options->memory[0]) || number == 0 || number > (1u << 30) || !found ||
        (*end && end[1]))
        return options_refuse(error, "--memory %s: give a size such as 512M or 2G",
                              options->memory);
    options->memory_bytes = number << (10 * (found - suffixes + 1));
    if (options->memory_bytes < OPTIONS_MIN_MEMORY)
        return options_refuse(error, "--memory %s: give 64M or more", options->memory);
    return !options->monitored || check_td_memory(options, error);
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
        return options_refuse(
            error, "--page-tables %s: give a multiple of 4096, such as 0x11000000", text);
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
                 options->shim_append || options->tables;
    if (given && (groups & OPTIONS_RUN) && !options_by_mailbox(options))
        return options_refuse(error,
                              "--mailbox-version, --firmware-memory, --page-tables, --tables "
                              "and --shim-append are for the shim; add --wake mailbox, --wake "
                              "fdt, --wake hyperv or --td");
    return true;
}

static bool check_number(const char *option, const char *text, guint64 most, guint64 *number,
                         GError **error)
{
    if (!text || g_ascii_string_to_unsigned(text, 10, 1, most, number, NULL))
        return true;
    return options_refuse(error, "--%s %s: give a number from 1 to %" G_GUINT64_FORMAT, option,
                          text, most);
}

/* CPUs go back to the shim by the ResetVector, of which ACPI tells and a tree does not. */
static bool check_way_back(const struct options *options, const char *option, const char *value,
                           GError **error)
{
    if (options->wake == WAKE_FDT)
        return options_refuse(error,
                              "--%s %s: a device tree's mailbox takes no CPU back; give --wake "
                              "mailbox, or leave --wake out in a TD",
                              option, value);
    if (options->wake != WAKE_MAILBOX)
        return options_refuse(error,
                              "--%s %s: CPUs go back by a mailbox's ResetVector; add --wake "
                              "mailbox or --td",
                              option, value);
    if (g_strcmp0(options->mailbox_version, "0") == 0)
        return options_refuse(error,
                              "--%s %s: a mailbox of version 0 takes no CPU back; leave "
                              "--mailbox-version out",
                              option, value);
    return true;
}

/* The seed is the kernel's only chance: what is not given is drawn here, and reported. */
static bool check_life(struct options *options, const struct options_raw *raw, GError **error)
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
        return options_refuse(error, "--seed %s: there is nothing to choose; add --cycles N",
                              raw->seed);
    return !raw->hand_backs || check_way_back(options, "hand-back", raw->hand_backs, error);
}

static bool check_then(const struct options *options, unsigned groups, GError **error)
{
    bool run = groups & OPTIONS_RUN;
    if (run && !options->then && (options->then_initrd || options->then_append || options->until))
        return options_refuse(error,
                              "--then-initrd, --then-append and --until are for the kernel that "
                              "comes next; add --then KERNEL");
    if (!options->then)
        return true;
    return check_way_back(options, "then", options->then, error);
}

/* A newcomer finds no firmware that would park it: nothing but INIT-SIPI can reach it. */
static bool check_hot_add(const struct options *options, GError **error)
{
    static const char refusal[] = "no firmware is left to park a CPU that comes later";
    if (!options->hot_add)
        return true;
    if (options->td)
        return options_refuse(error,
                              "--td --hot-add %u: %s, and a TD has no INIT and SIPI to wake it by; "
                              "leave one of them out",
                              options->hot_add, refusal);
    if (options->wake != WAKE_AUTO && options->wake != WAKE_SIPI)
        return options_refuse(error,
                              "--hot-add %u: %s, and only INIT-SIPI can wake it; use --wake sipi",
                              options->hot_add, refusal);
    if (options_most_cpus(options) > OPTIONS_MAX_CPUS)
        return options_refuse(error,
                              "--cpus %u --hot-add %u: the machine needs room for %u CPUs, and the "
                              "kernel holds %d",
                              options->cpus, options->hot_add, options_most_cpus(options),
                              OPTIONS_MAX_CPUS);
    return true;
}

/* One of both would be lost. */
static bool check_timeline(const struct options *options, GError **error)
{
    if (!options->timeline)
        return true;
    if (g_strcmp0(options->timeline, options->json) == 0)
        return options_refuse(error, "--timeline %s: is the report's name, too; give another",
                              options->timeline);
    return timeline_check_output(options->timeline, error);
}

static bool check_operands(struct options *options, unsigned groups, int argc, char **argv,
                           GError **error)
{
    int wanted = groups & OPTIONS_BOOT ? 1 : 0;
    if (argc - 1 < wanted)
        return options_refuse(error, "which kernel? 'muster %s KERNEL'", argv[0]);
    if (argc - 1 > wanted)
        return options_refuse(error, "'%s' is one argument too many; 'muster help %s' tells more",
                              argv[wanted + 1], argv[0]);
    options->kernel = wanted ? g_strdup(argv[1]) : NULL;
    return true;
}

bool options_check(const struct options_raw *raw, unsigned groups, int argc, char **argv,
                   GError **error)
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
           check_wake(options, raw->wake, error) && check_order(options, raw->order, error) &&
           check_monitored(options, raw, groups, error) && check_hyperv(options, error) &&
           check_tables(options, error) && check_memory(options, raw->memory, error) &&
           check_page_tables(options, error) && check_shim_words(options, groups, error) &&
           check_life(options, raw, error) && check_then(options, groups, error) &&
           check_hot_add(options, error) && check_timeline(options, error);
}
