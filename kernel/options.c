#include "kernel/options.h"

#include "boot/console.h"
#include "kernel/fatal.h"

#define NS_PER_MS          1000000u
#define DEFAULT_TIMEOUT_MS 10000u
#define MAX_TIMEOUT_MS     3600000u
#define VALUE_BYTES        32

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

static enum muster_way read_way(const char *cmdline)
{
    char value[VALUE_BYTES];
    if (!read_word(cmdline, "wake", value) || strcmp(value, "auto") == 0)
        return MUSTER_WAY_AUTO;
    if (strcmp(value, "sipi") == 0)
        return MUSTER_WAY_SIPI;
    if (strcmp(value, "mailbox") == 0)
        return MUSTER_WAY_MAILBOX;
    refuse("wake", value, "auto, sipi or mailbox");
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

static uint64_t read_timeout_ns(const char *cmdline)
{
    char value[VALUE_BYTES];
    uint64_t milliseconds = DEFAULT_TIMEOUT_MS;
    if (read_word(cmdline, "timeout-ms", value) &&
        (parse_number(value, &milliseconds) != 0 || milliseconds == 0 ||
         milliseconds > MAX_TIMEOUT_MS))
        refuse("timeout-ms", value, "a number from 1 to 3600000");
    return milliseconds * NS_PER_MS;
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

static bool read_inject(const char *cmdline)
{
    char value[VALUE_BYTES];
    if (!read_word(cmdline, "inject", value))
        return false;
    if (strcmp(value, "mce") != 0)
        refuse("inject", value, "mce");
    return true;
}

static void refuse_unknown(const char *cmdline)
{
    /* "console" is what muster boot gives by default; ours is the serial port anyway. */
    static const char *const names[] = {"wake",       "custody", "levels", "apic",  "inject",
                                        "timeout-ms", "console", "trace",  "order", NULL};
    char word[VALUE_BYTES];
    if (cmdline_unknown(cmdline, names, word, sizeof(word)))
        fatal_usage("the kernel does not know '%s' on its command line", word);
}

void options_read(const char *cmdline, struct options *options)
{
    refuse_unknown(cmdline);
    options->way = read_way(cmdline);
    read_policy(cmdline, options);
    options->levels = read_levels(cmdline);
    options->x2apic = read_x2apic(cmdline);
    options->timeout_ns = read_timeout_ns(cmdline);
    options->order = read_order(cmdline);
    options->trace = read_trace(cmdline);
    options->inject_machine_checks = read_inject(cmdline);
}
