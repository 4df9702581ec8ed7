/* The monitor: a TD, or a partition of Hyper-V, on any PC. */
#include <string.h>

#include "boot/plural.h"
#include "cli/options/subjects.h"

static const char *const indexes[] = {"shuffled", NULL};
static const char *const ons[] = {"on", NULL};
static const char *const clocks[] = {"slow", NULL};

static const struct option td[] = {
    {.name = "td",
     .kind = OPTION_FLAG,
     .place = OPTIONS_AT(td),
     .help = "As an Intel TD, under the monitor"},
    {.name = "tsc-skew",
     .kind = OPTION_TEXT,
     .place = OPTIONS_AT(tsc_skew),
     .value = "N",
     .help = "Each CPU's TSC is N ticks ahead of the last one's; also with --wake hyperv"},
    OPTIONS_END,
};

static const struct option td_firmware[] = {
    {.name = "td-firmware",
     .kind = OPTION_FILE,
     .place = OPTIONS_AT(td_firmware),
     .value = "FILE",
     .help = "The TD's firmware: a TDVF image, or debian12, debian13 or sid: EDK2's from there "
             "(the shim)"},
    OPTIONS_END,
};

static const struct option hyperv[] = {
    {.name = "vp-index",
     .kind = OPTION_WORD,
     .place = OPTIONS_AT(vp_index),
     .words = indexes,
     .help = "VP indexes are not APIC IDs"},
    {.name = "time-out",
     .kind = OPTION_NUMBER,
     .place = OPTIONS_AT(time_out),
     .value = "N",
     .help = "Every Nth hypercall of two kinds times out (--timeout is the run's)",
     .least = 2,
     .most = G_MAXUINT32},
    {.name = "lost-vp",
     .kind = OPTION_NUMBER,
     .place = OPTIONS_AT(lost_vp),
     .value = "N",
     .help = "The VP of this index is started, and never runs",
     .least = 1,
     .most = G_MAXUINT32},
    {.name = "per-vp-memory",
     .kind = OPTION_WORD,
     .place = OPTIONS_AT(per_vp_memory),
     .words = ons,
     .help = "Nested tables for each VP; not in a TD"},
    {.name = "reference-clock",
     .kind = OPTION_WORD,
     .place = OPTIONS_AT(reference_clock),
     .words = clocks,
     .help = "The hypervisor's clock is wrong"},
    {.name = "core-kinds",
     .kind = OPTION_TEXT,
     .place = OPTIONS_AT(core_kinds),
     .value = "LETTERS",
     .help = "Performance (P) and efficiency (E) cores, over and over; not in a TD"},
    OPTIONS_END,
};

static const char monitor_title[] = "The monitor";

const struct option_group options_td = {monitor_title, td};
const struct option_group options_td_firmware = {monitor_title, td_firmware};
const struct option_group options_hyperv = {"The hypervisor, with --wake hyperv", hyperv};

/* The monitor's own words would end the machine; here they are told before it starts. */
static bool check_hyperv(const struct options *options, GError **error)
{
    bool given = options->vp_index || options->time_out || options->lost_vp ||
                 options->per_vp_memory || options->reference_clock;
    if (given && options->wake != WAKE_HYPERV)
        return option_refuse(error, "--vp-index, --time-out, --lost-vp, --per-vp-memory and "
                                    "--reference-clock are the hypervisor's; add --wake hyperv");
    if (options->lost_vp >= options->cpus)
        return option_refuse(error, "--lost-vp %u: of %u %s the last has index %u",
                             options->lost_vp, options->cpus, plural(options->cpus, "CPU", "CPUs"),
                             options->cpus - 1);
    if (options->per_vp_memory && options->td)
        return option_refuse(error, "--per-vp-memory: not in a TD; leave --td out");
    return true;
}

static bool check_core_kinds(const struct options *options, GError **error)
{
    const char *kinds = options->core_kinds;
    size_t length = kinds ? strlen(kinds) : 0;
    if (!kinds)
        return true;
    if (length == 0 || length > OPTIONS_MAX_CORE_KINDS || strspn(kinds, "PE") != length)
        return option_refuse(error, "--core-kinds %s: give letters P and E, at most %d", kinds,
                             OPTIONS_MAX_CORE_KINDS);
    if (options->td || options->wake != WAKE_HYPERV)
        return option_refuse(error, "--core-kinds: only a partition of Hyper-V may be hybrid; "
                                    "give --wake hyperv, and leave --td out");
    return true;
}

static bool check_tsc_skew(struct options *options, GError **error)
{
    gint64 number;
    char *text = options->tsc_skew;
    if (!text)
        return true;
    if (!g_ascii_string_to_signed(text, 10, -OPTIONS_MAX_TSC_SKEW, OPTIONS_MAX_TSC_SKEW, &number,
                                  NULL))
        return option_refuse(error, "--tsc-skew %s: give ticks, from -%d to %d", text,
                             OPTIONS_MAX_TSC_SKEW, OPTIONS_MAX_TSC_SKEW);
    if (!options->monitored)
        return option_refuse(
            error, "--tsc-skew %s: the monitor makes it; add --wake hyperv or --td", text);
    options->tsc_skew = g_strdup_printf("%" G_GINT64_FORMAT, number);
    g_free(text);
    return true;
}

static bool check_td_firmware(const struct options *options, GError **error)
{
    if (!options->td_firmware)
        return true;
    if (!options->td)
        return option_refuse(error, "--td-firmware %s: it starts TDs alone; add --td",
                             options->td_firmware);
    if (options->wake != WAKE_MAILBOX)
        return option_refuse(error,
                             "--td-firmware %s --wake %s: it parks the CPUs at a mailbox that ACPI "
                             "describes; leave --wake out",
                             options->td_firmware, options->wake_word);
    return true;
}

/* What the monitor does to its guest, if there is one. */
static bool check_monitors_own(struct options *options, GError **error)
{
    return check_td_firmware(options, error) && check_hyperv(options, error) &&
           check_core_kinds(options, error) && check_tsc_skew(options, error);
}

/* What makes no sense under the monitor; what is right there unless it is said otherwise. */
bool options_check_monitor(struct options *options, GError **error)
{
    const char *why = options->td ? "--td " : "--wake hyperv ";
    if (options->verb == OPTIONS_CONFORM)
        options->td = true;
    options->monitored = options->td || options->wake == WAKE_HYPERV;
    if (!options->monitored)
        return check_monitors_own(options, error);
    if (options->cpus > OPTIONS_MAX_TD_CPUS)
        return option_refuse(error, "%s--cpus %u: give at most %d; the monitor holds no more", why,
                             options->cpus, OPTIONS_MAX_TD_CPUS);
    if (options->gdb)
        return option_refuse(error,
                             "%s--gdb: gdb would find the monitor as often as the guest; leave "
                             "one of them out",
                             why);
    if (options->wake_word && !options_by_mailbox(options))
        return option_refuse(error, "--td --wake %s: a TD has the mailbox alone; leave --wake out",
                             options->wake_word);
    if (!options_by_mailbox(options))
        options->wake = WAKE_MAILBOX;
    return check_monitors_own(options, error);
}

char *options_monitor_words(const struct options *options)
{
    GString *words = g_string_new(NULL);
    options_add_word(words, "profile=", options->td ? "tdx" : "hyperv");
    if (options->td && options->wake == WAKE_HYPERV)
        options_add_word(words, "", "hypercalls=hyperv start=hypercall");
    if (options->td_firmware)
        options_add_word(words, "watch=", "found");
    options_add_word(words, "vp-index=", options->vp_index);
    if (options->time_out)
        g_string_append_printf(words, " time-out=%u", options->time_out);
    if (options->lost_vp)
        g_string_append_printf(words, " lost-vp=%u", options->lost_vp);
    options_add_word(words, "per-vp-memory=", options->per_vp_memory);
    options_add_word(words, "reference-clock=", options->reference_clock);
    options_add_word(words, "core-kinds=", options->core_kinds);
    options_add_word(words, "tsc-skew=", options->tsc_skew);
    return g_string_free(words, FALSE);
}
