/**
 * The options of the verbs that start a machine. The same name means the same on every verb.
 *
 * Each subject has a file in cli/options/ that declares its options and checks them.
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
#define OPTIONS_MAX_CORE_KINDS 31       /* letters (monitor/monitor.h) */
#define OPTIONS_MAX_TSC_SKEW   10000000 /* monitor/options.c */
#define OPTIONS_HOT_ADD_ROUNDS 2        /* the kernel's (kernel/hotadd.c) */
#define OPTIONS_MAX_TD_CPUS    64       /* what the monitor holds (monitor/vcpu.h) */

enum options_verb {
    OPTIONS_RUN,
    OPTIONS_BOOT,
    OPTIONS_CONFORM, /* always a TD */
};

enum wake {
    WAKE_AUTO, /* the kernel is started directly and chooses */
    WAKE_SIPI,
    WAKE_MAILBOX, /* the kernel is started by the shim */
    WAKE_FDT,     /* the same, and the mailbox is described by a device tree alone */
    WAKE_HYPERV,  /* the same, and the shim starts the CPUs by Hyper-V's hypercalls */
};

enum accel {
    ACCEL_TCG,
    ACCEL_KVM,  /* if a probe of it ends well; else an error */
    ACCEL_AUTO, /* KVM if a probe of it ends well; else TCG */
};

enum machine {
    MACHINE_Q35,
    MACHINE_MICROVM,
};

enum firmware {
    FIRMWARE_SEABIOS,
    FIRMWARE_QBOOT,
    FIRMWARE_OVMF, /* starts GRUB from an ISO, and that what is to be started */
};

struct options {
    enum options_verb verb;

    /* The machine (cli/options/machine.c). */
    unsigned cpus;
    char *memory;
    guint64 memory_bytes; /* the guest's: in a TD less than the machine's */
    char *cpu;            /* a model, or NULL: the verb's default */
    char *qemu;           /* a path, or NULL: the one in PATH */
    const char *accel_word;
    enum accel accel;
    double timeout_s;
    bool gdb;
    char **qemu_arguments; /* what stood behind "--"; never NULL */

    /* What it starts with (cli/options/firmware.c). */
    const char *machine_word;
    enum machine machine;
    const char *firmware_word;
    enum firmware firmware; /* as long as it is not monitored */

    /* What a run leaves behind (cli/options/output.c). */
    char *json;     /* where the report goes, or NULL */
    char *keep;     /* the folder for the logs, or NULL */
    char *timeline; /* run: where its picture goes, or NULL */
    bool dry_run;   /* only print QEMU's command line */

    /* Only through the shim; NULL: the shim's own default (cli/options/shim.c). */
    const char *mailbox_version;
    const char *firmware_memory;
    const char *tables; /* what describes the mailbox */
    char *page_tables;
    char *shim_append;

    /* Only through the monitor (cli/options/monitor.c). NULL or 0: the monitor's own default. */
    bool td;           /* as an Intel TD, by its shim */
    bool monitored;    /* the same, or as a partition of Hyper-V */
    char *td_firmware; /* a file or a suite's name, or NULL: the shim */
    const char *vp_index;
    unsigned time_out;
    unsigned lost_vp;
    const char *per_vp_memory;
    const char *reference_clock;
    char *core_kinds;
    char *tsc_skew; /* in any profile */

    /* What our kernel does (cli/options/kernel.c). */
    const char *wake_word;
    enum wake wake;
    const char *strategy; /* "broadcast", or what it is to be compared with */
    bool one_by_one;      /* each CPU is brought up alone */
    const char *order;    /* a policy's name, or NULL: the kernel's default */
    unsigned cycles;      /* how many times CPUs go off and on; 0: not at all */
    guint64 seed;         /* of these */
    unsigned wait_ms;     /* how long CPUs stay in the firmware at least; 0: not at all */
    unsigned park_ms;     /* how long CPUs stay parked at least; 0: not at all */
    unsigned hand_backs;  /* rounds through the ResetVector; 0: the kernel's own */
    unsigned hot_add;     /* CPUs that come after the boot, in each round */
    char *then;           /* the kernel that ours hands over to, or NULL */
    char *then_initrd, *then_append; /* its own, or NULL */

    /* What a kernel is given, and when it is done (cli/options/payload.c). */
    char *kernel;  /* boot, conform */
    char *append;  /* further words (run) or all words for the kernel, or NULL */
    char *initrd;  /* or NULL */
    char *until;   /* or, with then, run's; or NULL: see struct console */
    char *symbols; /* conform, or NULL */
};

/** The groups of the verbs that start a machine; each ends with NULL. */
extern const struct option_group *const options_of_run[];
extern const struct option_group *const options_of_boot[];
extern const struct option_group *const options_of_conform[];

/** Parse and check. NULL: @error is CLI_USAGE. @which is @verb's. */
struct options *options_parse(const struct verb *verb, enum options_verb which, int argc,
                              char **argv, GError **error);
void options_free(struct options *options);

/** Whether the CPUs wait at the shim's mailbox, whoever describes it. */
bool options_by_mailbox(const struct options *options);

/** Whether a device tree, and no ACPI, describes CPUs and mailbox. */
bool options_by_tree(const struct options *options);

/** CPUs that the machine has room for: QEMU's TCG takes a new one for each that ever comes. */
unsigned options_most_cpus(const struct options *options);

/** The value that the user's own arguments for QEMU have for @option ("-accel"), or NULL. */
const char *options_for_qemu(const struct options *options, const char *option);

/** The words for our kernel: "wake=auto inject=mce" ... Caller frees. */
char *options_kernel_words(const struct options *options);

/**
 * The words for a kernel that somebody else wrote: those that were @given, else what Linux needs
 * to be heard, and on a microvm to find its clock.
 */
const char *options_foreign_words(const struct options *options, const char *given);

/** The words for the shim: "mailbox-version=1 page-tables=0x..."; "" if none. Caller frees. */
char *options_shim_words(const struct options *options);

/** The words for the monitor: "profile=tdx" ... Caller frees. */
char *options_monitor_words(const struct options *options);

#endif
