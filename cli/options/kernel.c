/* Our own kernel: how it wakes its CPUs, and what it does with them afterwards. */
#include "cli/options/subjects.h"

static const char *const wakes[] = {"auto",        "sipi",         "mailbox",
                                    "fdt",         "hyperv",       "sipi-pipelined",
                                    "sipi-serial", "sipi-classic", NULL};
/* What they are, in the same order; the strategy as the kernel spells it in its report. */
static const struct {
    enum wake wake;
    const char *strategy;
    bool one_by_one;
} wake_kinds[] = {
    {WAKE_AUTO, "broadcast", false},    {WAKE_SIPI, "broadcast", false},
    {WAKE_MAILBOX, "broadcast", false}, {WAKE_FDT, "broadcast", false},
    {WAKE_HYPERV, "broadcast", false},  {WAKE_SIPI, "pipelined", false},
    {WAKE_SIPI, "serial", true},        {WAKE_SIPI, "classic", true},
};
/* The names are the kernel's (lib/order.c). */
static const char *const orders[] = {"listed", "performance", "cores", "nearest", NULL};

static const struct option kernel[] = {
    {.name = "wake",
     .kind = OPTION_WORD,
     .place = OPTIONS_AT(wake_word),
     .words = wakes,
     .help = "How to wake the CPUs (auto); sipi-... as others do, to compare with"},
    {.name = "order",
     .kind = OPTION_WORD,
     .place = OPTIONS_AT(order),
     .words = orders,
     .help = "In which to start the CPUs (listed)"},
    {.name = "cycles",
     .kind = OPTION_NUMBER,
     .place = OPTIONS_AT(cycles),
     .value = "N",
     .help = "Turn CPUs off and on N times",
     .least = 1,
     .most = OPTIONS_MAX_ROUNDS},
    {.name = "seed",
     .kind = OPTION_LONG_NUMBER,
     .place = OPTIONS_AT(seed),
     .value = "N",
     .help = "Which CPUs, and when (by chance)",
     .least = 1,
     .most = G_MAXINT64},
    {.name = "wait-ms",
     .kind = OPTION_NUMBER,
     .place = OPTIONS_AT(wait_ms),
     .value = "N",
     .help = "Measure what N ms of CPUs that firmware holds cost the host",
     .least = 1,
     .most = OPTIONS_MAX_PARK_MS},
    {.name = "park-ms",
     .kind = OPTION_NUMBER,
     .place = OPTIONS_AT(park_ms),
     .value = "N",
     .help = "Measure what N ms of parked CPUs cost the host",
     .least = 1,
     .most = OPTIONS_MAX_PARK_MS},
    {.name = "hand-back",
     .kind = OPTION_NUMBER,
     .place = OPTIONS_AT(hand_backs),
     .value = "N",
     .help = "Hand CPUs back to the shim N times (1)",
     .least = 1,
     .most = OPTIONS_MAX_ROUNDS},
    {.name = "hot-add",
     .kind = OPTION_NUMBER,
     .place = OPTIONS_AT(hot_add),
     .value = "N",
     .help = "Put N CPUs in while it runs, and take them out; twice",
     .least = 1,
     .most = OPTIONS_MAX_HOT_ADD},
    {.name = "append",
     .kind = OPTION_TEXT,
     .place = OPTIONS_AT(append),
     .value = "S",
     .help = "Further words for the kernel (docs/kernel.md)"},
    OPTIONS_END,
};

static const struct option next_kernel[] = {
    {.name = "then",
     .kind = OPTION_FILE,
     .place = OPTIONS_AT(then),
     .value = "KERNEL",
     .help = "Then hand all CPUs back and boot this kernel"},
    {.name = "then-initrd",
     .kind = OPTION_FILE,
     .place = OPTIONS_AT(then_initrd),
     .value = "FILE",
     .help = "Its initial RAM disk"},
    {.name = "then-append",
     .kind = OPTION_TEXT,
     .place = OPTIONS_AT(then_append),
     .value = "S",
     .help = "Its words (console=ttyS0)"},
    {.name = "until",
     .kind = OPTION_TEXT,
     .place = OPTIONS_AT(until),
     .value = "TEXT",
     .help = "Done when it prints TEXT (its line on starting init)"},
    OPTIONS_END,
};

const struct option_group options_kernel = {"The kernel", kernel};

const struct option_group options_next_kernel = {"The kernel after it", next_kernel};

void options_set_wake(struct options *options)
{
    unsigned which = option_word_index(wakes, options->wake_word);
    options->wake = wake_kinds[which].wake;
    options->strategy = wake_kinds[which].strategy;
    options->one_by_one = wake_kinds[which].one_by_one;
}

bool options_by_mailbox(const struct options *options)
{
    return options->wake == WAKE_MAILBOX || options->wake == WAKE_FDT ||
           options->wake == WAKE_HYPERV;
}

unsigned options_most_cpus(const struct options *options)
{
    return options->cpus + OPTIONS_HOT_ADD_ROUNDS * options->hot_add;
}

/* CPUs go back to the shim by the ResetVector, of which ACPI tells and a tree does not. */
static bool check_way_back(const struct options *options, const char *option, const char *value,
                           GError **error)
{
    if (options->wake == WAKE_FDT)
        return option_refuse(error,
                             "--%s %s: a device tree's mailbox takes no CPU back; give --wake "
                             "mailbox, or leave --wake out in a TD",
                             option, value);
    if (options->wake != WAKE_MAILBOX)
        return option_refuse(error,
                             "--%s %s: CPUs go back by a mailbox's ResetVector; add --wake "
                             "mailbox or --td",
                             option, value);
    if (g_strcmp0(options->mailbox_version, "0") == 0)
        return option_refuse(error,
                             "--%s %s: a mailbox of version 0 takes no CPU back; leave "
                             "--mailbox-version out",
                             option, value);
    return true;
}

static bool check_hand_backs(const struct options *options, GError **error)
{
    if (!options->hand_backs)
        return true;
    char *rounds = g_strdup_printf("%u", options->hand_backs);
    bool good = check_way_back(options, "hand-back", rounds, error);
    g_free(rounds);
    return good;
}

/* What lies between adoption and start, where each CPU starts as it comes. */
static bool check_one_by_one(const struct options *options, GError **error)
{
    static const char refusal[] = "each CPU starts as it comes, and none is parked before; use "
                                  "--wake sipi";
    if (!options->one_by_one)
        return true;
    if (options->park_ms)
        return option_refuse(error, "--wake %s --park-ms %u: %s", options->wake_word,
                             options->park_ms, refusal);
    if (options->order)
        return option_refuse(error, "--wake %s --order %s: %s", options->wake_word, options->order,
                             refusal);
    return true;
}

/* The seed is the kernel's only chance: what is not given is drawn here, and reported. */
static bool check_life(struct options *options, GError **error)
{
    if (options->seed && !options->cycles)
        return option_refuse(error,
                             "--seed %" G_GUINT64_FORMAT ": there is nothing to choose; add "
                             "--cycles N",
                             options->seed);
    if (options->cycles && options->cpus == 1)
        return option_refuse(error,
                             "--cpus 1 --cycles %u: there is no CPU that could go off and "
                             "on; give 2 CPUs or more",
                             options->cycles);
    if (options->park_ms && options->cpus == 1)
        return option_refuse(error,
                             "--cpus 1 --park-ms %u: there is no CPU that could be parked; "
                             "give 2 CPUs or more",
                             options->park_ms);
    if (options->wait_ms && options->cpus == 1)
        return option_refuse(error,
                             "--cpus 1 --wait-ms %u: there is no CPU that could wait; give 2 CPUs "
                             "or more",
                             options->wait_ms);
    if (!options->seed)
        options->seed = 1 + g_random_int();
    return check_hand_backs(options, error) && check_one_by_one(options, error);
}

/* A newcomer finds no firmware that would park it: nothing but INIT-SIPI can reach it. */
static bool check_hot_add(const struct options *options, GError **error)
{
    static const char refusal[] = "no firmware is left to park a CPU that comes later";
    if (!options->hot_add)
        return true;
    if (options->td)
        return option_refuse(error,
                             "--td --hot-add %u: %s, and a TD has no INIT and SIPI to wake it by; "
                             "leave one of them out",
                             options->hot_add, refusal);
    if (options->wake != WAKE_AUTO && options->wake != WAKE_SIPI)
        return option_refuse(error,
                             "--hot-add %u: %s, and only INIT-SIPI can wake it; use --wake sipi",
                             options->hot_add, refusal);
    if (options_most_cpus(options) > OPTIONS_MAX_CPUS)
        return option_refuse(error,
                             "--cpus %u --hot-add %u: the machine needs room for %u CPUs, and the "
                             "kernel holds %d; give fewer",
                             options->cpus, options->hot_add, options_most_cpus(options),
                             OPTIONS_MAX_CPUS);
    return true;
}

/*
 * Machine checks cannot be injected into a partition; a TD's kernel knows it by itself. Nor does
 * anybody inject them where a user starts QEMU by hand.
 */
static GString *own_words(const struct options *options)
{
    GString *words = g_string_new(NULL);
    options_add_word(words, "wake=",
                     options_by_tree(options)      ? "fdt"
                     : options_by_mailbox(options) ? "mailbox"
                     : options->wake_word          ? options->wake_word
                                                   : "auto");
    if (!options->dry_run && (options->td || !options->monitored))
        options_add_word(words, "inject=", "mce");
    options_add_word(words, "order=", options->order);
    if (options->cycles)
        g_string_append_printf(words, " cycles=%u seed=%" G_GUINT64_FORMAT, options->cycles,
                               options->seed);
    if (options->wait_ms)
        g_string_append_printf(words, " wait-ms=%u", options->wait_ms);
    if (options->park_ms)
        g_string_append_printf(words, " park-ms=%u", options->park_ms);
    if (options->hand_backs > 1)
        g_string_append_printf(words, " hand-back=%u", options->hand_backs);
    if (options->hot_add)
        g_string_append_printf(words, " hot-add=%u", options->hot_add);
    if (options->then)
        options_add_word(words, "then=", "boot");
    return words;
}

static bool check_append(const struct options *options, GError **error)
{
    if (options->verb != OPTIONS_RUN)
        return true; /* all words are the user's */
    GString *words = own_words(options);
    bool good = options_refuse_repeated(options, "append", "the kernel", words->str,
                                        options->append, error);
    g_string_free(words, TRUE);
    return good;
}

static bool check_then(const struct options *options, GError **error)
{
    bool given = options->then_initrd || options->then_append || options->until;
    if (options->verb == OPTIONS_RUN && !options->then && given)
        return option_refuse(error,
                             "--then-initrd, --then-append and --until are for the kernel that "
                             "comes next; add --then KERNEL");
    return !options->then || check_way_back(options, "then", options->then, error);
}

bool options_check_kernel(struct options *options, GError **error)
{
    return check_life(options, error) && check_then(options, error) &&
           check_hot_add(options, error) && check_append(options, error);
}

char *options_kernel_words(const struct options *options)
{
    GString *words = own_words(options);
    options_add_word(words, "", options->append);
    return g_string_free(words, FALSE);
}
