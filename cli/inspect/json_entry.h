/**
 * The members of an entry's structure by their names, as JSON.
 */
#ifndef CLI_INSPECT_JSON_ENTRY_H
#define CLI_INSPECT_JSON_ENTRY_H

#include <json-glib/json-glib.h>

#include "cli/inspect/inspection.h"

/** Those that the entry's length reaches; empty for a type that nobody here knows. */
JsonObject *entry_fields(const struct entry *entry);

#endif
