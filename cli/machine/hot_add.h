/**
 * CPUs that are put into the machine while it runs, and taken out again: by QMP, each time that
 * the kernel says that it waits for it. What QEMU has is counted here, beside what the kernel says.
 */
#ifndef CLI_HOT_ADD_H
#define CLI_HOT_ADD_H

#include <stdbool.h>

#include <json-glib/json-glib.h>

#include "cli/options.h"
#include "cli/machine/qmp.h"

struct hot_add {
    unsigned cpus;                       /* from the boot on */
    unsigned count;                      /* that come in each round; 0: nothing was asked for */
    unsigned round;                      /* that has begun last, from 1 on */
    bool inside;                         /* the kernel has them, or waits for them */
    unsigned counted;                    /* the round after which QEMU's CPUs were counted */
    unsigned added, removed;             /* by QEMU, in all rounds */
    GArray *ids[OPTIONS_HOT_ADD_ROUNDS]; /* gint64: QEMU's word for their APIC IDs */
    struct qmp *qmp;
    GPtrArray *problems;
};

/** @problems gets a sentence for what QEMU refused; it stays the caller's. */
void hot_add_init(struct hot_add *hot_add, const struct options *options, GPtrArray *problems);
void hot_add_clear(struct hot_add *hot_add);

/** The kernel waits for CPUs to come; to be asked for; or says that all are out. */
void hot_add_put_in(struct hot_add *hot_add, struct qmp *qmp);
void hot_add_take_out(struct hot_add *hot_add, struct qmp *qmp);
void hot_add_count_out(struct hot_add *hot_add, struct qmp *qmp);

/** {"asked", "added", "removed", "rounds"}, see docs/report.md; NULL if nothing was asked for. */
JsonObject *hot_add_report(const struct hot_add *hot_add, JsonArray *rounds);

#endif
