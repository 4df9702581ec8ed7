/**
 * What waiting CPUs cost the host: the CPU time of QEMU, and of its threads where each of the
 * guest's CPUs has one, between two moments that the kernel tells. In between its BSP sleeps.
 */
#ifndef CLI_PARKED_H
#define CLI_PARKED_H

#include <stdbool.h>

#include <json-glib/json-glib.h>

struct parked {
    GArray *threads; /* gint64 by CPU index: the thread's ID, -1 unknown */
    GArray *spent;   /* double by CPU index: CPU milliseconds; at the beginning, then between */
    gint64 begin_us;
    double ms;         /* how long it was; 0: not seen */
    double process_ms; /* of QEMU's whole process, as spent */
    bool process_known;
    bool failed;
};

void parked_init(struct parked *parked);
void parked_clear(struct parked *parked);

/** The moments, for the threads of process @pid. */
void parked_begins(struct parked *parked, GPid pid);
void parked_ends(struct parked *parked, GPid pid);

/** NULL if it can be told what each CPU cost; else a sentence that says why not. */
const char *parked_why_not(const struct parked *parked);

/** {"method", "ms", "process_cpu_ms", "host_cpu_ms", "why_not"}, see docs/report.md. @method may be
 * NULL. */
JsonObject *parked_report(const struct parked *parked, const char *method);

#endif
