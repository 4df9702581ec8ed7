#include "monitor/options.h"

#include "boot/console.h"
#include "monitor/fw_cfg.h"
#include "monitor/monitor.h"
#include "monitor/report.h"

#define OPTIONS_FILE    "opt/muster/monitor"
#define OPTIONS_BYTES   256
#define VALUE_BYTES     32
#define DEFAULT_PROFILE "tdx"
#define FEWEST_BETWEEN  2 /* time-outs: with every call timed out nobody would get anywhere */

static char options[OPTIONS_BYTES];

static const char *const names[] = {"profile",  "tlb",      "hypercalls",    "start",
                                    "vp-index", "time-out", "per-vp-memory", "reference-clock",
                                    "lost-vp",  NULL};

static void read_file(void)
{
    uint16_t item;
    char word[VALUE_BYTES];
    int64_t bytes = fw_cfg_find(OPTIONS_FILE, &item);
    if (bytes >= OPTIONS_BYTES)
        fatal(NULL, "the monitor's options have 0x%lx bytes; 255 are taken", bytes);
    if (bytes > 0 && !fw_cfg_read(item, options, (uint32_t)bytes))
        fatal(NULL, "the monitor's options cannot be read from fw_cfg");
    if (cmdline_unknown(options, names, word, sizeof(word)))
        fatal(NULL, "the monitor has no option '%s'", word);
}

/* Whether an option that has one value only was given. */
static bool is_given(const char *name, const char *only_value)
{
    char value[VALUE_BYTES];
    if (cmdline_value(options, name, value, sizeof(value)) < 0)
        return false;
    if (strcmp(value, only_value))
        fatal(NULL, "option %s=%s: there is %s=%s", name, value, name, only_value);
    return true;
}

static void read_profile(void)
{
    char name[VALUE_BYTES] = DEFAULT_PROFILE;
    cmdline_value(options, "profile", name, sizeof(name));
    monitor.policy = policy_find(name);
    if (!monitor.policy)
        fatal(NULL, "there is no profile '%s'; there are tdx and hyperv", name);
}

/* A number of 32 bits from @least on; 0 where the option is not given. */
static uint32_t read_number(const char *name, unsigned least)
{
    char value[VALUE_BYTES];
    uint64_t number;
    if (cmdline_value(options, name, value, sizeof(value)) < 0)
        return 0;
    if (parse_number(value, &number) || number < least || number > UINT32_MAX)
        fatal(NULL, "option %s=%s: a number from %u on is taken", name, value, least);
    return (uint32_t)number;
}

/* In a TD hypercalls are there on request, in a partition under Hyper-V always. */
static void read_hypercalls(void)
{
    bool on_request = is_given("hypercalls", "hyperv");
    bool start = is_given("start", "hypercall");
    if (!monitor.policy->confidential && (on_request || start))
        fatal(NULL, "options hypercalls and start are for profile=tdx: in %s it is so always",
              monitor.policy->name);
    monitor.hypercalls = on_request || !monitor.policy->confidential;
    monitor.vps_wait = start || monitor.policy->vps_wait;
    monitor.vp_index_shuffled = is_given("vp-index", "shuffled");
    monitor.per_vp_memory = is_given("per-vp-memory", "on");
    monitor.reference_clock_slow = is_given("reference-clock", "slow");
    monitor.time_out_every = read_number("time-out", FEWEST_BETWEEN);
    monitor.lost_vp = read_number("lost-vp", 1); /* VP 0 is the one that starts the others */
    if (monitor.per_vp_memory && monitor.policy->confidential)
        fatal(NULL, "option per-vp-memory is for profile=hyperv");
    if (!monitor.hypercalls && (start || monitor.vp_index_shuffled || monitor.time_out_every ||
                                monitor.lost_vp || monitor.reference_clock_slow))
        fatal(
            NULL,
            "options start, vp-index, time-out, lost-vp and reference-clock need hypercalls=hyperv "
            "in profile=tdx");
}

void options_read(void)
{
    read_file();
    read_profile();
    monitor.wait_for_tlbs = is_given("tlb", "wait");
    read_hypercalls();
}
