/**
 * Where each CPU's row is: high rows for few CPUs, thin ones for many, and those that failed are
 * high enough for a word in any case.
 */
#ifndef CLI_TIMELINE_ROWS_H
#define CLI_TIMELINE_ROWS_H

#include "cli/timeline/model.h"

/** Of so many failed CPUs each has a high row. */
#define ROWS_MOST_HIGH 24

/** Up to so many CPUs arrows lead to each row. */
#define ROWS_MOST_ARROWS 16

struct row {
    guint cpu;           /* its place in the model */
    double y, height;    /* from the top of the chart; without the space to the next */
    bool labelled;       /* its APIC ID stands beside it */
    const char *heading; /* of the group that begins here, above it; or NULL */
};

struct rows {
    GArray *rows; /* struct row; the BSP has none */
    double pitch; /* from row to row */
    double height;
    GStringChunk *texts;
};

/** Whether there are so many CPUs that a row has no room for thick and thin. */
bool rows_are_dense(const struct timeline *timeline);

void rows_init(struct rows *rows, const struct timeline *timeline);
void rows_clear(struct rows *rows);

#endif
