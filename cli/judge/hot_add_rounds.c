#include "cli/judge/hot_add_rounds.h"

#include <string.h>

#include "boot/plural.h"
#include "cli/base/fields.h"

/* What the kernel must have proved of every CPU while those that came were there. */
static const char *const proofs[] = {"identity", "percpu",  "ipi-ring",  "ist-nmi",   "ist-df",
                                     "apic",     "syscall", "idle-work", "registers", "clock"};

static bool holds(const GArray *ids, gint64 id)
{
    for (guint i = 0; i < ids->len; i++) {
        if (g_array_index(ids, gint64, i) == id)
            return true;
    }
    return false;
}

static bool proof_held(JsonArray *list, const char *name)
{
    for (guint i = 0; i < fields_length(list); i++) {
        JsonObject *proof = fields_element(list, i);
        if (g_strcmp0(fields_text(proof, "name"), name) == 0)
            return g_strcmp0(fields_text(proof, "state"), "held") == 0;
    }
    return false;
}

static void fail_newcomer(struct verdict *verdict, unsigned round, gint64 id, const char *text)
{
    verdict_fail(verdict, "hot-add, round %u: the CPU with APIC ID %" G_GINT64_FORMAT " %s", round,
                 id, text);
}

static void judge_newcomers(const GArray *ids, JsonArray *cpus, unsigned round,
                            struct verdict *verdict)
{
    GArray *seen = g_array_new(FALSE, TRUE, sizeof(gint64));
    for (guint i = 0; i < fields_length(cpus); i++) {
        JsonObject *cpu = fields_element(cpus, i);
        gint64 id = fields_number(cpu, "apic_id", -1);
        const char *failure = fields_text(cpu, "failure");
        if (!holds(ids, id))
            fail_newcomer(verdict, round, id, "is none that QEMU added");
        if (holds(seen, id))
            fail_newcomer(verdict, round, id, "came twice");
        if (failure) {
            char *text = g_strdup_printf("did not come on: %s", failure);
            fail_newcomer(verdict, round, id, text);
            g_free(text);
        }
        if (!fields_flag(cpu, "gone"))
            fail_newcomer(verdict, round, id, "did not go");
        g_array_append_val(seen, id);
    }
    g_array_unref(seen);
}

static void judge_round(const struct hot_add *hot_add, unsigned index, JsonObject *round,
                        struct verdict *verdict)
{
    JsonArray *cpus = fields_array(round, "cpus");
    const char *problem = fields_text(round, "problem");
    if (fields_length(cpus) != hot_add->count)
        verdict_fail(verdict, "hot-add, round %u: %u of %u %s came", index + 1, fields_length(cpus),
                     hot_add->count, plural(hot_add->count, "CPU", "CPUs"));
    judge_newcomers(hot_add->ids[index], cpus, index + 1, verdict);
    for (size_t i = 0; i < G_N_ELEMENTS(proofs); i++) {
        if (!proof_held(fields_array(round, "proofs"), proofs[i]))
            verdict_fail(verdict, "hot-add, round %u: proof %s is not held", index + 1, proofs[i]);
    }
    if (problem)
        verdict_fail(verdict, "hot-add, round %u: %s", index + 1, problem);
}

void hot_add_judge(const struct hot_add *hot_add, JsonArray *rounds, struct verdict *verdict)
{
    unsigned wanted = hot_add->count * OPTIONS_HOT_ADD_ROUNDS;
    if (hot_add->count == 0)
        return;
    if (fields_length(rounds) != OPTIONS_HOT_ADD_ROUNDS)
        verdict_fail(verdict, "hot-add: the kernel reports %u %s of %d", fields_length(rounds),
                     plural(fields_length(rounds), "round", "rounds"), OPTIONS_HOT_ADD_ROUNDS);
    for (unsigned i = 0; i < fields_length(rounds) && i < OPTIONS_HOT_ADD_ROUNDS; i++)
        judge_round(hot_add, i, fields_element(rounds, i), verdict);
    if (hot_add->added != wanted || hot_add->removed != wanted)
        verdict_fail(verdict, "hot-add: QEMU added %u %s and took %u out, of %u", hot_add->added,
                     plural(hot_add->added, "CPU", "CPUs"), hot_add->removed, wanted);
}
