/**
 * What `muster run` prints: the CPUs with their time stamps, and the proofs.
 */
#ifndef CLI_RUN_TABLE_H
#define CLI_RUN_TABLE_H

#include <json-glib/json-glib.h>

#include "cli/machine/parked.h"

/** Every CPU; of more than 32 only the spread of each phase, and those that are not on. */
void run_table_print(JsonArray *cpus, const char *way);

/** One line each. */
void run_table_print_proofs(JsonArray *proofs);

/** CPUs that came while the machine ran: one line each; nothing if there were no rounds. */
void run_table_print_hot_add(JsonArray *rounds);

/** What CPUs that wait cost the host, or why it cannot be told. @where: "parked by hlt". */
void run_table_print_park(const struct parked *parked, const char *where);

#endif
