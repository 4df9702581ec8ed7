/**
 * An inspection, for people: on stdout, 80 columns.
 */
#ifndef CLI_INSPECT_PRINT_H
#define CLI_INSPECT_PRINT_H

#include "cli/inspect/inspection.h"

/** More rows than these are put together, those alike that stand side by side. */
#define PRINT_MOST_ROWS 32u

/** The part of it that shows what was read, entry by entry. */
void print_tables(const struct inspection *inspection);

void inspection_print(const struct inspection *inspection);

/** "clean", or "2 errors, 1 warning". Caller frees. */
char *inspection_sum(const struct inspection *inspection);

#endif
