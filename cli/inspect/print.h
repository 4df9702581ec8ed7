/**
 * An inspection, for people: on stdout, 80 columns.
 */
#ifndef CLI_INSPECT_PRINT_H
#define CLI_INSPECT_PRINT_H

#include "cli/inspect/inspection.h"

void inspection_print(const struct inspection *inspection);

/** "clean", or "2 errors, 1 warning". Caller frees. */
char *inspection_sum(const struct inspection *inspection);

#endif
