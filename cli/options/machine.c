/* The machine: its processors, its memory, and the QEMU that makes it. */
#include "cli/options/subjects.h"

#include <string.h>

#define STANDARD_CPUS 4

/* Below 4 GiB, where q35 puts 2 of the 3 GiB, all is the guest's; the monitor lives above. */
#define TD_MACHINE_MEMORY "3G"
#define TD_MACHINE_BYTES  ((guint64)3 << 30)
#define TD_GUEST_BYTES    ((guint64)2 << 30)

static const char machine_title[] = "The machine";

static const struct option machine[] = {
    {.name = "cpus",
     .kind = OPTION_NUMBER,
     .place = OPTIONS_AT(cpus),
     .value = "N",
     .help = "Processors, 1 to 512, under the monitor at most 64 (4)",
     .least = 1,
     .most = OPTIONS_MAX_CPUS},
    {.name = "memory",
     .kind = OPTION_TEXT,
     .place = OPTIONS_AT(memory),
     .value = "SIZE",
     .help = "The guest's memory, such as 512M or 2G (1G; under the monitor always 2G)"},
    OPTIONS_END,
};

static const struct option machine_td[] = {
    {.name = "cpus",
     .kind = OPTION_NUMBER,
     .place = OPTIONS_AT(cpus),
     .value = "N",
     .help = "Processors, 1 to 64 (4)",
     .least = 1,
     .most = OPTIONS_MAX_TD_CPUS},
    OPTIONS_END,
};

static const char *const accels[] = {"tcg", "kvm", "auto", NULL};

static const struct option qemu[] = {
    {.name = "cpu",
     .kind = OPTION_TEXT,
     .place = OPTIONS_AT(cpu),
     .value = "MODEL",
     .help = "QEMU's CPU model, with its features"},
    {.name = "accel",
     .kind = OPTION_WORD,
     .place = OPTIONS_AT(accel_word),
     .words = accels,
     .help = "What runs the processors (tcg); kvm only if a trial of it ends well, auto then or "
             "else tcg"},
    {.name = "qemu",
     .kind = OPTION_FILE,
     .place = OPTIONS_AT(qemu),
     .value = "PATH",
     .help = "The QEMU to use (qemu-system-x86_64)"},
    {.name = "timeout",
     .kind = OPTION_SECONDS,
     .place = OPTIONS_AT(timeout_s),
     .value = "S",
     .help = "Give up after S seconds"},
    OPTIONS_END,
};

static const struct option debugger[] = {
    {.name = "gdb",
     .kind = OPTION_FLAG,
     .place = OPTIONS_AT(gdb),
     .help = "Wait for gdb; no deadline"},
    OPTIONS_END,
};

const struct option_group options_machine = {machine_title, machine};
const struct option_group options_machine_td = {machine_title, machine_td};
const struct option_group options_qemu = {machine_title, qemu};
const struct option_group options_debugger = {machine_title, debugger};

void options_set_machine(struct options *options)
{
    bool foreign = options->verb != OPTIONS_RUN || options->then;
    options->accel = (enum accel)option_word_index(accels, options->accel_word);
    if (!options->cpus)
        options->cpus = STANDARD_CPUS;
    if (options->timeout_s <= 0)
        options->timeout_s =
            foreign || options->td_firmware ? 180 : 60 + 0.5 * options_most_cpus(options);
}

/* The machine is always the same: see docs/monitor.md. */
static bool check_td_memory(struct options *options, GError **error)
{
    if (options->memory_bytes != TD_MACHINE_BYTES)
        return option_refuse(
            error,
            "--memory %s: under the monitor the machine has 3G, of which the guest gets 2 GiB; "
            "leave --memory out",
            options->memory);
    options->memory_bytes = TD_GUEST_BYTES;
    return true;
}

/* QEMU's own spelling: a number, in MiB unless a suffix says otherwise. */
static bool check_memory(struct options *options, GError **error)
{
    if (!options->memory)
        options->memory = g_strdup(options->monitored ? TD_MACHINE_MEMORY : "1G");
    char *end = NULL;
    guint64 number = g_ascii_strtoull(options->memory, &end, 10);
    const char *suffixes = "KMGT";
    char suffix = g_ascii_toupper(*end ? *end : 'M');
    const char *found = strchr(suffixes, suffix);
    if (!g_ascii_isdigit(options->memory[0]) || number == 0 || number > (1u << 30) || !found ||
        (*end && end[1]))
        return option_refuse(error, "--memory %s: give a size such as 512M or 2G", options->memory);
    options->memory_bytes = number << (10 * (found - suffixes + 1));
    if (options->memory_bytes < OPTIONS_MIN_MEMORY)
        return option_refuse(error, "--memory %s: give 64M or more", options->memory);
    return !options->monitored || check_td_memory(options, error);
}

/* In a list like "q35,accel=tcg:kvm", of which QEMU takes the first that works. */
static bool names_kvm(const char *argument)
{
    const char *list = strstr(argument, "accel=");
    const char *kvm = list ? strstr(list, "kvm") : NULL;
    return kvm && kvm < list + strcspn(list, ",");
}

/* KVM by the back door would be used without a trial, and its counts would be believed. */
static bool asks_qemu_for_kvm(const struct options *options)
{
    bool accel = false;
    for (char **argument = options->qemu_arguments; *argument; argument++) {
        if ((accel && g_str_has_prefix(*argument, "kvm")) ||
            g_str_has_suffix(*argument, "-enable-kvm") || names_kvm(*argument))
            return true;
        accel = g_str_has_suffix(*argument, "-accel");
    }
    return false;
}

static bool check_accel(const struct options *options, GError **error)
{
    if (asks_qemu_for_kvm(options))
        return option_refuse(error, "KVM behind \"--\" would not be tried first; use --accel kvm");
    if (options->accel_word && options_for_qemu(options, "-accel"))
        return option_refuse(error,
                             "--accel %s: -accel is behind \"--\", too; leave one of them out",
                             options->accel_word);
    if (options->accel == ACCEL_KVM && options->monitored)
        return option_refuse(error,
                             "--accel kvm: the monitor needs a processor with nested SVM, which "
                             "QEMU's TCG is on any PC; leave --accel out");
    return true;
}

bool options_check_machine(struct options *options, GError **error)
{
    return check_memory(options, error) && check_accel(options, error);
}
