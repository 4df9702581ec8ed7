/**
 * A kernel that somebody else wrote, under the shim, judged from outside: what the verbs that do
 * so share.
 */
#ifndef CLI_BOOT_H
#define CLI_BOOT_H

#include "cli/judge/outcome.h"

/** The files that the options name: there, and of the right kind. False: @error is set. */
bool boot_files_good(const struct options *options, bool *bzimage, GError **error);

/** Boot options->kernel with these @words and give what happened to @conclude. The exit status. */
int boot_machine(const struct options *options, bool bzimage, const char *words,
                 outcome_conclude *conclude, void *context, GError **error);

/** Judge the guest's end, and what it did. */
void boot_judge(struct verdict *verdict, const struct session *session);

/** How the APs were woken, as far as that can be seen from outside. */
void boot_name_way(const struct handover *handover, struct report *report);

/** The table of what was seen from outside, if the shim handed over. */
void boot_print_handover(const struct verdict *verdict, const struct session *session);

#endif
