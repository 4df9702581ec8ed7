/**
 * An inspection as JSON, schema "muster.inspect/1" (docs/inspect.md).
 */
#ifndef CLI_INSPECT_JSON_H
#define CLI_INSPECT_JSON_H

#include <json-glib/json-glib.h>

#include "cli/inspect/inspection.h"

/** All of it. Caller unrefs. */
JsonObject *inspection_report(const struct inspection *inspection);

#endif
