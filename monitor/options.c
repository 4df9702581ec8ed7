#include "monitor/options.h"

#include "boot/console.h"
#include "monitor/fw_cfg.h"
#include "monitor/monitor.h"
#include "monitor/report.h"

#define OPTIONS_FILE    "opt/muster/monitor"
#define OPTIONS_BYTES   256
#define VALUE_BYTES     32
#define DEFAULT_PROFILE "tdx"
/* Each counter has run since the machine began: for as long as that it stays above zero. */
#define MOST_SKEW      10000000
#define FEWEST_BETWEEN 2 /* time-outs: with every call timed out nobody would get anywhere */

static char options[OPTIONS_BYTES];

static const char *const names[] = {"profile",    "tlb",      "hypercalls",    "start",
                                    "vp-index",   "time-out", "per-vp-memory", "reference-clock",
                                    "core-kinds", "tsc-skew", "lost-vp",       "watch",
                                    NULL};

static void read_file(void)
{
    uint16_t item;
    char word[VALUE_BYTES];
    int64_t bytes = fw_cfg_find(OPTIONS_FILE, &item);
    if (bytes >= OPTIONS_BYTES)
        fatal_usage("the monitor's options have 0x%lx bytes; 255 are taken", bytes);
    if (bytes > 0 && !fw_cfg_read(item, options, (uint32_t)bytes))
        fatal(NULL, "the monitor's options cannot be read from fw_cfg");
    if (cmdline_unknown(options, names, word, sizeof(word)))
        fatal_usage("the monitor has no option '%s'", word);
}

/* Whether an option that has one value only was given. */
static bool is_given(const char *name, const char *only_value)
{
    char value[VALUE_BYTES];
    if (cmdline_value(options, name, value, sizeof(value)) < 0)
        return false;
    if (strcmp(value, only_value))
        fatal_usage("option %s=%s: there is %s=%s", name, value, name, only_value);
    return true;
}

static void read_profile(void)
{
    char name[VALUE_BYTES] = DEFAULT_PROFILE;
    cmdline_value(options, "profile", name, sizeof(name));
    monitor.policy = policy_find(name);
    if (!monitor.policy)
        fatal_usage("there is no profile '%s'; there are tdx and hyperv", name);
}

/* A number of 32 bits from @least on; 0 where the option is not given. */
static uint32_t read_number(const char *name, unsigned least)
{
    char value[VALUE_BYTES];
    uint64_t number;
    if (cmdline_value(options, name, value, sizeof(value)) < 0)
        return 0;
    if (parse_number(value, &number) || number < least || number > UINT32_MAX)
        fatal_usage("option %s=%s: a number from %u on is taken", name, value, least);
    return (uint32_t)number;
}

/* No processor that has TDX is hybrid. */
static void read_core_kinds(void)
{
    char *kinds = monitor.core_kinds;
    int length = cmdline_value(options, "core-kinds", kinds, sizeof(monitor.core_kinds));
    bool good = length > 0 && length < (int)sizeof(monitor.core_kinds);
    if (length < 0)
        return;
    if (monitor.policy->confidential)
        fatal_usage("option core-kinds is for profile=hyperv");
    for (const char *kind = kinds; *kind; kind++)
        good = good && (*kind == 'P' || *kind == 'E');
    if (!good)
        fatal_usage("option core-kinds=%s: letters P and E are taken, %u at most", kinds,
                    MONITOR_CORE_KINDS - 1);
}

static void read_tsc_skew(void)
{
    char value[VALUE_BYTES];
    uint64_t number;
    if (cmdline_value(options, "tsc-skew", value, sizeof(value)) < 0)
        return;
    bool behind = value[0] == '-';
    if (parse_number(value + behind, &number) || number > MOST_SKEW)
        fatal_usage("option tsc-skew=%s: a number of ticks from -%u to %u is taken", value,
                    MOST_SKEW, MOST_SKEW);
    monitor.tsc_skew = behind ? -(int64_t)number : (int64_t)number;
}

/* In a TD hypercalls are there on request, in a partition under Hyper-V always. */
static void read_hypercalls(void)
{
    bool on_request = is_given("hypercalls", "hyperv");
    bool start = is_given("start", "hypercall");
    if (!monitor.policy->confidential && (on_request || start))
        fatal_usage("options hypercalls and start are for profile=tdx: in %s it is so always",
                    monitor.policy->name);
    monitor.hypercalls = on_request || !monitor.policy->confidential;
    monitor.vps_wait = start || monitor.policy->vps_wait;
    monitor.vp_index_shuffled = is_given("vp-index", "shuffled");
    monitor.per_vp_memory = is_given("per-vp-memory", "on");
    monitor.reference_clock_slow = is_given("reference-clock", "slow");
    monitor.time_out_every = read_number("time-out", FEWEST_BETWEEN);
    monitor.lost_vp = read_number("lost-vp", 1); /* VP 0 is the one that starts the others */
    if (monitor.per_vp_memory && monitor.policy->confidential)
        fatal_usage("option per-vp-memory is for profile=hyperv");
    if (!monitor.hypercalls && (start || monitor.vp_index_shuffled || monitor.time_out_every ||
                                monitor.lost_vp || monitor.reference_clock_slow))
        fatal_usage(
            "options start, vp-index, time-out, lost-vp and reference-clock need hypercalls=hyperv "
            "in profile=tdx");
}

void options_read(void)
{
    read_file();
    read_profile();
    monitor.wait_for_tlbs = is_given("tlb", "wait");
    monitor.finds_firmware = is_given("watch", "found");
    if (monitor.finds_firmware && !monitor.policy->confidential)
        fatal_usage("option watch is for profile=tdx");
    read_hypercalls();
    read_core_kinds();
    read_tsc_skew();
}
