/**
 * What the TD monitor says on the debug console (docs/monitor.md): findings, a fatal end, where
 * the vCPUs are.
 *
 * The guest's own lines come the same way; the monitor passes them on so that none looks like its
 * own.
 */
#ifndef CLI_MONITOR_H
#define CLI_MONITOR_H

#include <stdbool.h>

#include <json-glib/json-glib.h>

#include "cli/base/symbols.h"

enum monitor_event {
    MONITOR_NOTHING,
    MONITOR_WHERE, /* a vCPU told where it is */
};

struct monitor {
    JsonObject *ready;       /* its first event, or NULL */
    JsonObject *fatal;       /* or NULL */
    JsonObject *end;         /* or NULL */
    JsonObject *conformance; /* how the rules stood when it last told, or NULL */
    JsonArray *findings;
    JsonArray *where;  /* the last of each vCPU */
    JsonArray *counts; /* so here */
};

void monitor_init(struct monitor *monitor);
void monitor_clear(struct monitor *monitor);

/** Keep @object, an event of the monitor. */
enum monitor_event monitor_take(struct monitor *monitor, JsonObject *object);

/** How many findings there are of @rule. */
guint monitor_count(const struct monitor *monitor, const char *rule);

/** Give everything that has a RIP its "symbol": a name out of @symbols, null until then. */
void monitor_name_places(const struct monitor *monitor, const struct symbols *symbols);

/** "vCPU 2 (APIC ID 2) at 0x1234 (name+0x8)", of any event that has these. Caller frees. */
char *monitor_place(JsonObject *event);

/** Where all vCPUs are that told it: "; vCPU 0 (APIC ID 0) at 0x..., ...", or "". Caller frees. */
char *monitor_places(const struct monitor *monitor);

/** The findings for a reader but those of the rules that @told names; nothing if there are none. */
void monitor_print(const struct monitor *monitor, bool (*told)(const char *rule));

/** The report's "monitor". */
JsonObject *monitor_report(const struct monitor *monitor);

#endif
