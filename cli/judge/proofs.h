/**
 * The proofs that the kernel must give, and which of them may be not applicable, and when.
 */
#ifndef CLI_PROOFS_H
#define CLI_PROOFS_H

#include <stdbool.h>

#include <json-glib/json-glib.h>

#include "cli/judge/verdict.h"

/** What was run, as far as it decides which proofs make sense. */
struct proofs_profile {
    unsigned cpus;
    bool by_mailbox;
    bool cycles; /* CPUs were to go off and on again */
    bool monitored;
    bool by_hyperv; /* the hypervisor is a Hyper-V, with a clock of its own */
    gint64 mailbox_version;
    bool keep; /* the custody policy; else it is RECLAIM */
};

/** Every proof there, once, held or rightly not applicable; all else is a failure by name. */
void proofs_check(JsonArray *proofs, const struct proofs_profile *profile, struct verdict *verdict);

#endif
