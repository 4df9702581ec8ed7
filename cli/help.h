/**
 * What a user reads of the verbs and their options. All of it is made from the verbs' own tables.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/cli.h"

void help_print_overview(void);
void help_print_verb(const struct verb *verb);

/** Of all verbs: the manual page muster(1) in roff, completion for bash and for zsh. */
void help_print_manual(FILE *out);
void help_print_bash(FILE *out);
void help_print_zsh(FILE *out);

/** What an exit status means, in the order of the statuses; ends with NULL. */
extern const char *const help_exit_statuses[];

#endif
