/**
 * An inspection as JSON, schema "muster.inspect/1" (docs/inspect.md).
 */
#ifndef CLI_INSPECT_JSON_H
#define CLI_INSPECT_JSON_H

#include "cli/inspect/inspection.h"

/** The whole text, with its last line's end. Caller frees. */
char *inspection_json(const struct inspection *inspection);

/** To a file, or with "-" to stdout. False: a CLI_ENVIRONMENT error. */
bool inspection_write(const struct inspection *inspection, const char *path, GError **error);

#endif
