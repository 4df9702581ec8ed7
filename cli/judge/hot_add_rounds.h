/* What came of CPUs that were added while our kernel ran, held against what QEMU did. */

#ifndef CLI_HOT_ADD_ROUNDS_H
#define CLI_HOT_ADD_ROUNDS_H

#include <json-glib/json-glib.h>

#include "cli/judge/verdict.h"
#include "cli/machine/hot_add.h"

/** @rounds: the kernel's word, or NULL. Nothing is judged if nothing was asked for. */
void hot_add_judge(const struct hot_add *hot_add, JsonArray *rounds, struct verdict *verdict);

#endif
