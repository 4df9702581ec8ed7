/**
 * What parked CPUs cost the host: the CPU time of QEMU's threads, one for each of the guest's
 * CPUs, between the two moments at which the kernel says that they are parked.
 */
#ifndef CLI_PARKED_H
#define CLI_PARKED_H

#include <stdbool.h>

#include <json-glib/json-glib.h>

struct parked {
    GArray *threads;   /* gint64 by CPU index: the thread's ID, -1 unknown */
    GArray *spent;     /* double by CPU index: CPU milliseconds; at the beginning, then between */
    double process_ms; /* the same of all of QEMU's threads; -1 unknown */
    gint64 begin_us;
    double ms; /* how long it was; 0: not seen */
    bool failed;
};

void parked_init(struct parked *parked);
void parked_clear(struct parked *parked);

/** The moments, for the threads of process @pid. */
void parked_begins(struct parked *parked, GPid pid);
void parked_ends(struct parked *parked, GPid pid);

/** NULL if it can be told what each CPU cost; else a sentence that says why not. */
const char *parked_why_not(const struct parked *parked);

/** {"method", "ms", "host_cpu_ms", "why_not"}, see docs/report.md. @method may be NULL. */
JsonObject *parked_report(const struct parked *parked, const char *method);

#endif
