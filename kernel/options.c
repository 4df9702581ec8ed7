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

static enum muster_way read_way(const char *cmdline, bool *fdt_only)
{
    char value[VALUE_BYTES];
    *fdt_only = false;
    if (!read_word(cmdline, "wake", value) || strcmp(value, "auto") == 0)
        return MUSTER_WAY_AUTO;
    if (strcmp(value, "sipi") == 0)
        return MUSTER_WAY_SIPI;
    if (strcmp(value, "mailbox") == 0)
        return MUSTER_WAY_MAILBOX;
    if (strcmp(value, "fdt") == 0) {
        *fdt_only = true;
        return MUSTER_WAY_MAILBOX;
    }
    refuse("wake", value, "auto, sipi, mailbox or fdt");
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

static bool read_trace(const char *cmdline)
{
    char value[VALUE_BYTES];
    if (!read_word(cmdline, "trace", value) || strcmp(value, "on") == 0)
        return true;
    if (strcmp(value, "off") != 0)
        refuse("trace", value, "on or off");
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
    static const char *const names[] = {"wake",       "custody", "levels",     "apic",    "inject",
                                        "timeout-ms", "order",   "trace",      "cycles",  "seed",
                                        "hand-back",  "park",    "mwait-hint", "park-ms", "then",
                                        "console",    "hot-add", "nmi",        NULL};
    char word[VALUE_BYTES];
    if (cmdline_unknown(cmdline, names, word, sizeof(word)))
        fatal_usage("the kernel does not know '%s' on its command line", word);
}

void options_read(const char *cmdline, struct options *options)
{
    refuse_unknown(cmdline);
    options->way = read_way(cmdline, &options->fdt_only);
    read_policy(cmdline, options);
    options->levels = read_levels(cmdline);
    options->x2apic = read_x2apic(cmdline);
    options->timeout_ns = read_number(cmdline, "timeout-ms", 0, MAX_TIMEOUT_MS) * NS_PER_MS;
    options->order = read_order(cmdline);
    options->trace = read_trace(cmdline);
    options->park_method = read_park_method(cmdline);
    options->mwait_hint = (uint32_t)read_number(cmdline, "mwait-hint", 0, 0xFF);
    options->park_ns = read_number(cmdline, "park-ms", 0, MAX_TIMEOUT_MS) * NS_PER_MS;
    options->nmi_parked = read_only_value(cmdline, "nmi", "parked");
    options->cycles = (uint32_t)read_number(cmdline, "cycles", 0, MAX_ROUNDS);
    options->seed = read_number(cmdline, "seed", 1, UINT64_MAX);
    options->hand_backs = (uint32_t)read_number(cmdline, "hand-back", 1, MAX_ROUNDS);
    options->then_boot = read_only_value(cmdline, "then", "boot");
    options->hot_add = (uint32_t)read_number(cmdline, "hot-add", 0, MAX_CPUS);
    options->inject_machine_checks = read_only_value(cmdline, "inject", "mce");
}
