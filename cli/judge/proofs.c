#include "cli/judge/proofs.h"

#include <string.h>

#include "cli/base/fields.h"

/*
 * Why a proof may be not applicable. The policy is the kernel's own word, but it cannot talk
 * itself out of both: KEEP leaves the ResetVector to be proved, RECLAIM the memory.
 */
enum excuse {
    NEVER = 0,
    NO_MAILBOX = 1 << 0,
    MAILBOX_VERSION_0 = 1 << 1, /* has no ResetVector */
    POLICY_KEEP = 1 << 2,       /* nothing is reclaimed */
    POLICY_RECLAIM = 1 << 3,    /* a hand-back is refused */
    ONE_CPU = 1 << 4,           /* nobody to talk to, or to be woken */
    MONITORED = 1 << 5,         /* nobody can inject anything into the guest */
    NO_CYCLES = 1 << 6,         /* not asked for */
    NO_HYPERVISOR = 1 << 7,     /* nobody else keeps a clock */
};

static const struct {
    const char *name;
    unsigned excuses;
} wanted[] = {
    {"cycles", NO_CYCLES | ONE_CPU},
    {"identity", NEVER},
    {"percpu", NEVER},
    {"ipi-ring", NEVER},
    {"ist-nmi", NEVER},
    {"ist-df", NEVER},
    {"ist-mc", MONITORED},
    {"apic", NEVER},
    {"syscall", NEVER},
    {"idle-work", NEVER},
    {"registers", NEVER},
    {"clock", ONE_CPU},
    {"reference-clock", NO_HYPERVISOR},
    {"write-xor-execute", NEVER},
    {"reclaimed-memory", NO_MAILBOX | POLICY_KEEP | ONE_CPU},
    {"reset-vector", NO_MAILBOX | MAILBOX_VERSION_0 | POLICY_RECLAIM | ONE_CPU},
};

static unsigned excuses_of(const struct proofs_profile *profile)
{
    return (profile->by_mailbox ? 0u : NO_MAILBOX) |
           (profile->mailbox_version == 0 ? MAILBOX_VERSION_0 : 0u) |
           (profile->keep ? POLICY_KEEP : POLICY_RECLAIM) | (profile->cpus == 1 ? ONE_CPU : 0u) |
           (profile->monitored ? MONITORED : 0u) | (profile->cycles ? 0u : NO_CYCLES) |
           (profile->by_hyperv ? 0u : NO_HYPERVISOR);
}

static int find_wanted(const char *name)
{
    for (int i = 0; i < (int)G_N_ELEMENTS(wanted); i++) {
        if (name && strcmp(wanted[i].name, name) == 0)
            return i;
    }
    return -1;
}

static void check_one(JsonObject *proof, bool excused, struct verdict *verdict)
{
    const char *name = fields_text(proof, "name");
    const char *state = fields_text(proof, "state");
    const char *detail = fields_text(proof, "detail");
    bool not_applicable = g_strcmp0(state, "not-applicable") == 0;
    if (g_strcmp0(state, "held") == 0 || (not_applicable && excused))
        return;
    const char *said = state ? state : "of no state";
    verdict_fail(verdict, "proof %s is %s%s%s%s", name, said,
                 not_applicable ? ", which it may not be here" : "", detail ? ": " : "",
                 detail ? detail : "");
}

void proofs_check(JsonArray *proofs, const struct proofs_profile *profile, struct verdict *verdict)
{
    unsigned seen[G_N_ELEMENTS(wanted)] = {0};
    for (guint i = 0; i < fields_length(proofs); i++) {
        JsonObject *proof = fields_element(proofs, i);
        const char *name = fields_text(proof, "name");
        int index = find_wanted(name);
        if (index < 0) {
            verdict_fail(verdict, "proof %s is none that this command knows",
                         name ? name : "without a name");
            continue;
        }
        seen[index]++;
        check_one(proof, wanted[index].excuses & excuses_of(profile), verdict);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        if (seen[i] != 1)
            verdict_fail(verdict, "proof %s is %s", wanted[i].name,
                         seen[i] ? "there more than once" : "missing");
    }
}
