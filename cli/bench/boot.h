/**
 * One machine of a benchmark: booted, heard, ended as soon as its figures are there.
 */
#ifndef CLI_BENCH_BOOT_H
#define CLI_BENCH_BOOT_H

#include "cli/bench/contender.h"
#include "cli/options.h"

/** Files that are not ours. NULL: not given. */
struct bench_files {
    char *qemu, *linux_kernel, *xen, *ovmf;
};

struct boot_request {
    enum bench_boot boot;
    guint cpus;
    bool multi;         /* a thread of the host for each CPU; else one for all */
    bool count;         /* guest instructions: a nanosecond of the guest is one */
    guint64 entry_phys; /* look for the APs' first instructions there, which costs time; or 0 */
    guint wait_ms;      /* so long the CPUs stay where firmware has them */
    guint park_ms;      /* and so long they are parked in the kernel */
};

/** Our own kernel's stamps, in nanoseconds on its clock; -1: none. */
struct boot_own {
    gint64 on_ns;     /* from the first wake until the last CPU is on */
    gint64 first_ns;  /* from there until the last AP's first instruction */
    gint64 look_ns;   /* until the first AP's */
    gint64 all_on_ns; /* until the BSP has seen every CPU's idle thread run */
};

struct boot_result {
    struct marks marks;
    struct boot_own own;
    char *problem;     /* it did not come to its end, and so nothing counts; or NULL */
    int signal;        /* it was ended by this signal to us; 0: no */
    double watched_ms; /* for wait_ms or park_ms: how long it really was; 0: not seen */
    double process_ms; /* CPU time that all of QEMU took meanwhile; -1: not known */
    char *qemu_version, *qemu_path, *cpu_model;
    char *command; /* as a shell takes it */
};

/** NULL, or what has to be given for this boot: "give --linux KERNEL". */
const char *boot_missing(enum bench_boot boot, const struct bench_files *files);

/** False: no machine was there; @error is set. Call boot_clear() all the same. */
bool boot_run(const struct boot_request *request, const struct bench_files *files,
              struct boot_result *result, GError **error);
void boot_clear(struct boot_result *result);

#endif
