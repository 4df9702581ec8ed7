/**
 * Who is compared: what is booted for each, and from which moment to which it is timed.
 */
#ifndef CLI_BENCH_CONTENDER_H
#define CLI_BENCH_CONTENDER_H

#include <stdbool.h>

#include <glib.h>

#include "cli/bench/marks.h"

/** What is booted. One boot may time several contenders: firmware, shim and kernel. */
enum bench_boot {
    BENCH_BOOT_SIPI,    /* our kernel */
    BENCH_BOOT_CLASSIC, /* the same, as the MP specification has it */
    BENCH_BOOT_MAILBOX, /* our shim, and our kernel by its mailbox */
    BENCH_BOOT_FDT,     /* the same, by a device tree */
    BENCH_BOOT_OVMF,    /* nothing but it */
    BENCH_BOOT_LINUX,
    BENCH_BOOT_LINUX_LPJ,     /* its delay loop is not measured */
    BENCH_BOOT_LINUX_MAILBOX, /* the same, by our shim */
    BENCH_BOOT_XEN,
    BENCH_BOOT_TD,     /* our kernel as a TD under our monitor */
    BENCH_BOOT_HYPERV, /* as a partition of Hyper-V under it */
    BENCH_BOOTS,
};

/** Who a contender is; the order is that of all lists. */
enum bench_contender {
    BENCH_SIPI,
    BENCH_SIPI_CLASSIC,
    BENCH_MAILBOX,
    BENCH_FDT,
    BENCH_SHIM,
    BENCH_SEABIOS,
    BENCH_OVMF,
    BENCH_LINUX,
    BENCH_LINUX_LPJ,
    BENCH_LINUX_MAILBOX,
    BENCH_XEN,
    BENCH_TD,
    BENCH_HYPERV,
    BENCH_CONTENDERS,
};

struct contender {
    const char *name;
    enum bench_boot boot;
    bool ours;       /* it has stamps of its own */
    guint most_cpus; /* unless it is asked for by name */
    const char *what;
    const char *from, *to; /* of the time to all on, for people */
};

extern const struct contender contenders[BENCH_CONTENDERS];

/** One figure of one boot, in nanoseconds. */
struct contender_times {
    gint64 on_ns;    /* to all on; MARKS_NEVER: not seen, and @why says why */
    gint64 first_ns; /* to the last AP's first instruction; the same */
    const char *why;
};

/** What @marks tell of @contender. */
struct contender_times contender_time(enum bench_contender contender, const struct marks *marks);

#endif
