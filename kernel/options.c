#include "kernel/options.h"

#include "boot/console.h"
#include "kernel/fatal.h"
#include "kernel/percpu.h"

#define NS_PER_MS      1000000u
#define MAX_TIMEOUT_MS 3600000u
#define MAX_ROUNDS     1000000u
#define VALUE_BYTES    32

/* The value of a word in @value, which has VALUE_BYTES; false if the word is not there. */
static bool read_word(const char *cmdline, const char *name, char *value)
{
    int length = cmdline_value(cmdline, name, value, VALUE_BYTES);
    if (length >= VALUE_BYTES)
        fatal_usage("%s=%s... on the command line is too long", name, value);
    return length >= 0;
}

static _Noreturn void refuse(const char *name, const char *value, const char *wanted)
{
    fatal_usage("%s=%s on the command line: must be %s", name, value, wanted);
}

static void read_way(const char *cmdline, struct options *options)
{
    static const struct {
        const char *word;
        enum muster_way way;
        enum strategy strategy;
        bool fdt_only;
    } ways[] = {
        {"auto", MUSTER_WAY_AUTO, STRATEGY_BROADCAST, false},
        {"sipi", MUSTER_WAY_SIPI, STRATEGY_BROADCAST, false},
        {"mailbox", MUSTER_WAY_MAILBOX, STRATEGY_BROADCAST, false},
        {"fdt", MUSTER_WAY_MAILBOX, STRATEGY_BROADCAST, true},
        {"sipi-pipelined", MUSTER_WAY_SIPI, STRATEGY_PIPELINED, false},
        {"sipi-serial", MUSTER_WAY_SIPI, STRATEGY_SERIAL, false},
        {"sipi-classic", MUSTER_WAY_SIPI, STRATEGY_CLASSIC, false},
    };
    char value[VALUE_BYTES] = "auto";
    (void)read_word(cmdline, "wake", value);
    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(value, ways[i].word) != 0)
            continue;
        options->way = ways[i].way;
        options->strategy = ways[i].strategy;
        options->fdt_only = ways[i].fdt_only;
        return;
    }
    refuse("wake", value, "auto, sipi, mailbox, fdt, sipi-pipelined, sipi-serial or sipi-classic");
}

const char *options_strategy_name(enum strategy strategy)
{
    static const char *const names[] = {
        [STRATEGY_BROADCAST] = "broadcast",
        [STRATEGY_PIPELINED] = "pipelined",
        [STRATEGY_SERIAL] = "serial",
        [STRATEGY_CLASSIC] = "classic",
    };
    return names[strategy];
}

bool options_one_by_one(const struct options *options)
{
    return options->strategy == STRATEGY_SERIAL || options->strategy == STRATEGY_CLASSIC;
}

/* What happens between adoption and start, where these are the same moment. */
static void refuse_between(const char *cmdline)
{
    static const char *const names[] = {"park-ms", "order", "mce"};
    char value[VALUE_BYTES];
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (read_word(cmdline, names[i], value))
            fatal_usage("%s=%s on the command line: with wake=sipi-serial and sipi-classic each "
                        "CPU starts as it comes; leave one of them out",
                        names[i], value);
}

static void read_policy(const char *cmdline, struct options *options)
{
    char value[VALUE_BYTES];
    options->has_policy = read_word(cmdline, "custody", value);
    if (!options->has_policy)
        return;
    if (strcmp(value, "keep") == 0)
        options->policy = MUSTER_CUSTODY_KEEP;
    else if (strcmp(value, "reclaim") == 0)
        options->policy = MUSTER_CUSTODY_RECLAIM;
    else
        refuse("custody", value, "keep or reclaim");
}

static enum muster_park_method read_park_method(const char *cmdline)
{
    char value[VALUE_BYTES];
    if (!read_word(cmdline, "park", value))
        return MUSTER_PARK_AUTO;
    for (unsigned method = MUSTER_PARK_AUTO; method <= MUSTER_PARK_TDCALL; method++)
        if (strcmp(value, muster_park_method_name((enum muster_park_method)method)) == 0)
            return (enum muster_park_method)method;
    refuse("park", value, "auto, hlt, mwait or tdcall");
}

static unsigned read_levels(const char *cmdline)
{
    char value[VALUE_BYTES];
    if (!read_word(cmdline, "levels", value))
        return 0;
    if (strcmp(value, "4") == 0)
        return 4;
    if (strcmp(value, "5") == 0)
        return 5;
    refuse("levels", value, "4 or 5");
}

static bool read_x2apic(const char *cmdline)
{
    char value[VALUE_BYTES];
    if (!read_word(cmdline, "apic", value) || strcmp(value, "auto") == 0)
        return false;
    if (strcmp(value, "x2") != 0)
        refuse("apic", value, "auto or x2");
    return true;
}

/* A number from 1 to @most; @standard where the word is not there. */
static uint64_t read_number(const char *cmdline, const char *name, uint64_t standard, uint64_t most)
{
    char value[VALUE_BYTES], wanted[64];
    uint64_t number = standard;
    if (!read_word(cmdline, name, value))
        return standard;
    text_format(wanted, sizeof(wanted), "a number from 1 to %lu", most);
    if (parse_number(value, &number) != 0 || number == 0 || number > most)
        refuse(name, value, wanted);
    return number;
}

static enum muster_order read_order(const char *cmdline)
{
    char value[VALUE_BYTES];
    if (!read_word(cmdline, "order", value))
        return MUSTER_ORDER_LISTED;
    for (unsigned i = 0; i < MUSTER_ORDER_COUNT; i++)
        if (strcmp(value, muster_order_name((enum muster_order)i)) == 0)
            return (enum muster_order)i;
    refuse("order", value, "listed, performance, cores or nearest");
}

/* A word that is on unless it is said to be off. */
static bool read_switch(const char *cmdline, const char *name)
{
    char value[VALUE_BYTES];
    if (!read_word(cmdline, name, value) || strcmp(value, "on") == 0)
        return true;
    if (strcmp(value, "off") != 0)
        refuse(name, value, "on or off");
    return false;
}

/* A word that has one value, if it is there at all. */
static bool read_only_value(const char *cmdline, const char *name, const char *only)
{
    char value[VALUE_BYTES];
    if (!read_word(cmdline, name, value))
        return false;
    if (strcmp(value, only) != 0)
        refuse(name, value, only);
    return true;
}

static void refuse_unknown(const char *cmdline)
{
    /* "console" is what muster boot gives by default; ours is the serial port anyway. */
    static const char *const names[] = {
        "wake",    "custody", "levels",    "apic", "inject",     "timeout-ms", "order", "trace",
        "cycles",  "seed",    "hand-back", "park", "mwait-hint", "park-ms",    "then",  "console",
        "hot-add", "wait-ms", "prove",     "nmi",  "mce",        NULL};
    char word[VALUE_BYTES];
    if (cmdline_unknown(cmdline, names, word, sizeof(word)))
        fatal_usage("the kernel does not know '%s' on its command line", word);
}

void options_read(const char *cmdline, struct options *options)
{
    refuse_unknown(cmdline);
    read_way(cmdline, options);
    if (options_one_by_one(options))
        refuse_between(cmdline);
    read_policy(cmdline, options);
    options->levels = read_levels(cmdline);
    options->x2apic = read_x2apic(cmdline);
    options->timeout_ns = read_number(cmdline, "timeout-ms", 0, MAX_TIMEOUT_MS) * NS_PER_MS;
    options->order = read_order(cmdline);
    options->trace = read_switch(cmdline, "trace");
    options->park_method = read_park_method(cmdline);
    options->mwait_hint = (uint32_t)read_number(cmdline, "mwait-hint", 0, 0xFF);
    options->wait_ns = read_number(cmdline, "wait-ms", 0, MAX_TIMEOUT_MS) * NS_PER_MS;
    options->park_ns = read_number(cmdline, "park-ms", 0, MAX_TIMEOUT_MS) * NS_PER_MS;
    options->prove = read_switch(cmdline, "prove");
    options->nmi_parked = read_only_value(cmdline, "nmi", "parked");
    options->cycles = (uint32_t)read_number(cmdline, "cycles", 0, MAX_ROUNDS);
    options->seed = read_number(cmdline, "seed", 1, UINT64_MAX);
    options->hand_backs = (uint32_t)read_number(cmdline, "hand-back", 1, MAX_ROUNDS);
    options->then_boot = read_only_value(cmdline, "then", "boot");
    options->hot_add = (uint32_t)read_number(cmdline, "hot-add", 0, MAX_CPUS);
    options->inject_machine_checks = read_only_value(cmdline, "inject", "mce");
    options->mce_parked = read_only_value(cmdline, "mce", "parked");
    if (options->mce_parked && !options->inject_machine_checks)
        fatal_usage("mce=parked on the command line: needs inject=mce, and somebody who injects");
}
