#include "kernel/hotadd.h"

#include <stdarg.h>

#include "abi/cpu_hotplug.h"
#include "boot/console.h"
#include "boot/json.h"
#include "boot/native.h"
#include "boot/plural.h"
#include "kernel/fatal.h"
#include "kernel/hotplug.h"
#include "kernel/kernel.h"
#include "kernel/newcomer.h"
#include "kernel/proof.h"
#include "kernel/report.h"

#define ROUNDS 2u

/* Proofs that need nobody outside and may be given any number of times. */
static const char *const proof_names[] = {"identity", "percpu",  "ipi-ring",  "ist-nmi",   "ist-df",
                                          "apic",     "syscall", "idle-work", "registers", "clock"};
#define PROOFS (sizeof(proof_names) / sizeof(proof_names[0]))

struct round {
    struct newcomer newcomers[MAX_CPUS];
    uint32_t count;
    struct proof proofs[PROOFS];
    char problem[200]; /* the first one; "": none */
};

static struct round rounds[ROUNDS];
static uint32_t round_count; /* of those that have begun */

__attribute__((format(printf, 2, 3))) static void complain(struct round *round, const char *format,
                                                           ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!round->problem[0])
        text_format_list(round->problem, sizeof(round->problem), format, arguments);
    va_end(arguments);
}

void hotadd_check(void)
{
    uint32_t wanted = kernel.options.hot_add;
    uint32_t places = kernel.machine.cpu_count - cpu_there_count();
    if (!wanted)
        return;
    if (kernel.plan.way != MUSTER_WAY_SIPI)
        fatal_usage("hot-add=%u on the command line: no firmware is left to park a CPU that comes "
                    "later, so INIT-SIPI alone can wake it; here the way is '%s'%s",
                    wanted, muster_way_name(kernel.plan.way),
                    kernel.machine.confidential ? ", and a TD has no INIT-SIPI" : "");
    if (places < wanted)
        fatal_usage("hot-add=%u on the command line: the firmware lists %u %s that may come",
                    wanted, places, plural(places, "CPU", "CPUs"));
    if (!hotplug_find())
        fatal("there is no CPU hot-plug controller at port 0x%x", CPU_HOTPLUG_PORT);
}

/* ---- In ---- */

static void take_in(struct round *round, const struct hotplug_event *event)
{
    struct newcomer *newcomer = &round->newcomers[round->count++];
    newcomer->selector = event->selector;
    newcomer->apic_id = event->id > UINT32_MAX ? UINT32_MAX : (uint32_t)event->id;
    enum muster_status status = newcomer_bring_in(newcomer);
    console_printf("hot-add: CPU with APIC ID %u: %s\n", newcomer->apic_id,
                   status ? muster_error_text(status) : "on");
    if (!status)
        return;
    newcomer->failure = muster_error_name(status);
    complain(round, "the CPU with APIC ID %u that came did not come on: %s", newcomer->apic_id,
             newcomer->failure);
}

static void await_newcomers(struct round *round)
{
    uint32_t wanted = kernel.options.hot_add;
    uint64_t deadline = time_deadline_ns();
    while (round->count < wanted && time_now_ns() < deadline) {
        struct hotplug_event event = hotplug_next_event();
        if (event.kind == HOTPLUG_INSERTED) {
            take_in(round, &event);
            deadline = time_deadline_ns();
        } else {
            native_delay_ns(HOTPLUG_POLL_NS);
        }
    }
    if (round->count < wanted)
        complain(round, "%u of %u %s came", round->count, wanted, plural(wanted, "CPU", "CPUs"));
}

static void prove(struct round *round)
{
    for (unsigned i = 0; i < PROOFS; i++) {
        struct proof *proof = &round->proofs[i];
        proof->name = proof_names[i];
        proof_clear_evidence();
        proof_find(proof->name)->prove(proof);
        if (proof->state != PROOF_HELD)
            complain(round, "proof %s is %s: %s", proof->name, proof_state_name(proof->state),
                     proof->detail);
    }
}

/* ---- And out ---- */

/* A CPU that is not ours, or is out already, is not let go, whoever asks. */
static struct newcomer *find_newcomer(struct round *round, uint32_t selector)
{
    for (uint32_t i = 0; i < round->count; i++) {
        struct newcomer *newcomer = &round->newcomers[i];
        if (newcomer->selector == selector && newcomer->known && !newcomer->gone)
            return newcomer;
    }
    return NULL;
}

/* Whether one more is out. */
static bool take_out(struct round *round, const struct hotplug_event *event)
{
    struct newcomer *newcomer = find_newcomer(round, event->selector);
    if (!newcomer) {
        complain(round, "the host asks for the CPU with APIC ID %lu, which it did not add",
                 event->id);
        return false;
    }
    enum muster_status status = newcomer_let_go(newcomer);
    if (status) {
        complain(round, "the CPU with APIC ID %u cannot be let go: %s", newcomer->apic_id,
                 muster_error_name(status));
        return false;
    }
    if (!newcomer_eject(newcomer))
        complain(round, "the CPU with APIC ID %u was ejected and is still there",
                 newcomer->apic_id);
    return newcomer->gone;
}

static void await_ejections(struct round *round)
{
    uint32_t gone = 0;
    uint64_t deadline = time_deadline_ns();
    while (gone < round->count && time_now_ns() < deadline) {
        struct hotplug_event event = hotplug_next_event();
        if (event.kind == HOTPLUG_WANTED && take_out(round, &event)) {
            gone++;
            deadline = time_deadline_ns();
        } else {
            native_delay_ns(HOTPLUG_POLL_NS);
        }
    }
    if (gone < round->count)
        complain(round, "%u of %u %s went", gone, round->count,
                 plural(round->count, "CPU", "CPUs"));
}

static void tell(const char *event)
{
    json_begin("kernel", event);
    json_number("round", round_count);
    json_number("count", kernel.options.hot_add);
    json_end();
}

static void run_round(struct round *round)
{
    round_count++;
    tell("hot-add");
    await_newcomers(round);
    prove(round);
    tell("hot-remove");
    await_ejections(round);
    tell("hot-removed");
    console_printf("hot-add: round %u: %s\n", round_count,
                   round->problem[0] ? round->problem : "all came, were proved, and went");
}

void hotadd_run(void)
{
    if (!kernel.options.hot_add)
        return;
    /* A round that failed leaves nobody knows what behind. */
    while (round_count < ROUNDS && hotadd_is_well())
        run_round(&rounds[round_count]);
}

/* ---- What is to be said of it ---- */

bool hotadd_is_well(void)
{
    for (uint32_t i = 0; i < round_count; i++)
        if (rounds[i].problem[0])
            return false;
    return true;
}

static void report_round(const struct round *round)
{
    json_open(NULL, '{');
    json_open("cpus", '[');
    for (uint32_t i = 0; i < round->count; i++)
        newcomer_report(&round->newcomers[i]);
    json_close(']');
    report_proofs("proofs", round->proofs, PROOFS);
    json_text("problem", round->problem[0] ? round->problem : NULL);
    json_close('}');
}

void hotadd_report(void)
{
    json_open("hot_add", '[');
    for (uint32_t i = 0; i < round_count; i++)
        report_round(&rounds[i]);
    json_close(']');
}
