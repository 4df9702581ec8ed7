/**
 * The options of the verbs that start a machine. The same name means the same on every verb.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>

#include "cli/cli.h"

#define OPTIONS_MIN_MEMORY     (64u << 20)
#define OPTIONS_MAX_CPUS       512 /* what the kernel holds (kernel/percpu.h); the shim holds more */
#define OPTIONS_MAX_ROUNDS     1000000 /* of cycles and hand-backs (kernel/options.c) */
#define OPTIONS_MAX_PARK_MS    3600000
#define OPTIONS_MAX_HOT_ADD    64
#define OPTIONS_HOT_ADD_ROUNDS 2  /* the kernel's (kernel/hotadd.c) */
#define OPTIONS_MAX_TD_CPUS    64 /* what the monitor holds (monitor/vcpu.h) */

enum wake {
    WAKE_AUTO, /* the kernel is started directly and chooses */
    WAKE_SIPI,
    WAKE_MAILBOX, /* the kernel is started by the shim */
    WAKE_FDT,     /* the same, and the mailbox is described by a device tree alone */
    WAKE_HYPERV,  /* the same, and the shim starts the CPUs by Hyper-V's hypercalls */
};

struct options {
    unsigned cpus;
    double timeout_s;
    char *json;   /* where the report goes, or NULL */
    char *append; /* further words (run) or all words (boot) for the kernel, or NULL */

    /* Only through the shim; NULL: the shim's own default. */
    char *mailbox_version;
    char *firmware_memory;
    char *page_tables;
    char *shim_append;
    char *tables; /* what describes the mailbox */

    /* Only through the monitor, as WAKE_HYPERV; NULL: the monitor's own default. */
    char *vp_index;
    char *time_out;
    char *per_vp_memory;
    char *lost_vp;
    char *reference_clock;

    bool td;                         /* under the monitor, as an Intel TD, by its shim */
    bool monitored;                  /* the same, or as a partition of Hyper-V */
    enum wake wake;                  /* run */
    char *order;                     /* run: a policy's name, or NULL: the kernel's default */
    unsigned cycles;                 /* run: how many times CPUs go off and on; 0: not at all */
    guint64 seed;                    /* run: of these */
    unsigned park_ms;                /* run: how long CPUs stay parked at least */
    unsigned hand_backs;             /* run: rounds through the ResetVector */
    unsigned hot_add;                /* run: CPUs that come after the boot, in each round */
    char *kernel;                    /* boot */
    char *initrd;                    /* boot, or NULL */
    char *until;                     /* boot, or run with then; or NULL: see struct console */
    char *timeline;                  /* run: where its picture goes, or NULL */
    char *then;                      /* run: the kernel that ours hands over to, or NULL */
    char *then_initrd, *then_append; /* run: its own, or NULL */
    char *symbols;                   /* conform, or NULL */

    char *qemu; /* a path, or NULL: the one in PATH */
    char *cpu;  /* a model, or NULL: the verb's default */
    char *memory;
    guint64 memory_bytes; /* the guest's: in a TD less than the machine's */
    bool gdb;
    char **qemu_arguments; /* what stood behind "--"; never NULL */
};

/** Which groups of options a verb has besides the common ones. */
enum options_group {
    OPTIONS_RUN = 1 << 0,
    OPTIONS_BOOT = 1 << 1,
    OPTIONS_CONFORM = 1 << 2, /* with OPTIONS_BOOT; always a TD */
};

/**
 * Parse and check. On NULL, either @error is set (CLI_USAGE), or help was asked for and printed.
 */
struct options *options_parse(const struct verb *verb, unsigned groups, int argc, char **argv,
                              GError **error);
void options_free(struct options *options);

/** Whether the CPUs wait at the shim's mailbox, whoever describes it. */
bool options_by_mailbox(const struct options *options);
/** CPUs that the machine has room for: QEMU's TCG takes a new one for each that ever comes. */
unsigned options_most_cpus(const struct options *options);

/** Whether a device tree, and no ACPI, describes CPUs and mailbox. */
bool options_by_tree(const struct options *options);

/** The words for the shim: "mailbox-version=1 page-tables=0x..."; "" if none. Caller frees. */
char *options_shim_words(const struct options *options);

/** The words for the monitor: "profile=tdx" ... Caller frees. */
char *options_monitor_words(const struct options *options);

#endif
