/* muster run: our own kernel in QEMU, directly or under the shim; it proves every CPU. */
#include <stdio.h>

#include "boot/plural.h"
#include "cli/boot.h"
#include "cli/base/fields.h"
#include "cli/base/files.h"
#include "cli/base/paint.h"
#include "cli/image.h"
#include "cli/judge/outcome.h"
#include "cli/judge/hot_add_rounds.h"
#include "cli/judge/proofs.h"
#include "cli/judge/run_table.h"
#include "cli/timeline/files.h"

static void judge_cpus(struct verdict *verdict, JsonArray *cpus, unsigned asked)
{
    GHashTable *ids = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    if (fields_length(cpus) != asked)
        verdict_fail(verdict, "the kernel reports %u %s, %u %s asked for", fields_length(cpus),
                     plural(fields_length(cpus), "CPU", "CPUs"), asked,
                     plural(asked, "was", "were"));
    for (guint i = 0; i < fields_length(cpus); i++) {
        JsonObject *cpu = fields_element(cpus, i);
        const char *state = fields_text(cpu, "state");
        const char *failure = fields_text(cpu, "failure");
        gint64 id = fields_number(cpu, "apic_id", -1);
        if (g_strcmp0(state, "on") != 0)
            verdict_fail(verdict, "CPU %u (APIC ID %" G_GINT64_FORMAT ") is not on but %s%s%s", i,
                         id, state ? state : "of no state", failure ? ": " : "",
                         failure ? failure : "");
        if (id < 0 || !g_hash_table_add(ids, g_memdup2(&id, sizeof(id))))
            verdict_fail(verdict, "CPU %u has no APIC ID of its own", i);
    }
    g_hash_table_unref(ids);
}

static gint64 count_on(JsonObject *report)
{
    JsonArray *cpus = fields_array(report, "cpus");
    gint64 on = 0;
    for (guint i = 0; i < fields_length(cpus); i++)
        on += g_strcmp0(fields_text(fields_element(cpus, i), "state"), "on") == 0;
    return report ? on : -1;
}

/* Where no shim says which mailbox it serves, the kernel is believed: whether CPUs can go back. */
static gint64 mailbox_version_of(const struct session *session)
{
    JsonObject *discovery = fields_object(session->guest.report, "discovery");
    if (options_by_tree(session->options) ||
        g_strcmp0(fields_text(session->guest.shim, "tables"), "fdt") == 0)
        return 0; /* a tree tells of no other */
    if (session->options->td_firmware)
        return fields_text(discovery, "reset_vector_phys") ? 1 : 0;
    return fields_number(session->guest.shim, "mailbox_version", -1);
}

/* What was run, as the shim says it and not as the kernel under test does. */
static void profile_of(const struct session *session, struct proofs_profile *profile)
{
    JsonObject *memory = fields_object(session->guest.report, "memory");
    *profile = (struct proofs_profile){
        .cpus = session->options->cpus,
        .monitored = session->options->monitored,
        .by_mailbox = options_by_mailbox(session->options),
        .by_hyperv = session->options->wake == WAKE_HYPERV,
        .cycles = session->options->cycles > 0,
        .mailbox_version = mailbox_version_of(session),
        .keep = g_strcmp0(fields_text(memory, "policy"), "keep") == 0,
    };
}

/* Asked for the tree: nothing else may have told the kernel of its CPUs and its mailbox. */
static void judge_source(struct verdict *verdict, JsonObject *discovery)
{
    static const char *const names[] = {"source", "mailbox_source"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *found = fields_text(discovery, names[i]);
        if (g_strcmp0(found, "device-tree") != 0)
            verdict_fail(verdict, "the %s is %s, not the device tree",
                         i ? "mailbox's description" : "source of the CPUs",
                         found ? found : "not known");
    }
}

/* The shim is to have done as OpenHCL's: by hypercall, and on the hypervisor's clock. */
static void judge_hyperv(struct verdict *verdict, const struct session *session)
{
    JsonObject *shim = session->guest.shim;
    const char *way = fields_text(shim, "way");
    if (session->options->cpus > 1 && g_strcmp0(way, "hyperv") != 0)
        verdict_fail(verdict, "the shim started the CPUs by %s, not by hypercall",
                     way ? way : "no way that it tells");
    if (!fields_object(shim, "clock"))
        verdict_fail(verdict, "the shim did not compare its clock with the hypervisor's");
}

static void judge_report(struct verdict *verdict, const struct session *session)
{
    JsonObject *report = session->guest.report;
    const struct options *options = session->options;
    const char *result = fields_text(report, "result");
    const char *way = fields_text(report, "way");
    struct proofs_profile profile;
    profile_of(session, &profile);
    judge_cpus(verdict, fields_array(report, "cpus"), options->cpus);
    proofs_check(fields_array(report, "proofs"), &profile, verdict);
    hot_add_judge(&session->hot_add, fields_array(report, "hot_add"), verdict);
    if (options->wake != WAKE_AUTO && options->cpus > 1 &&
        g_strcmp0(way, profile.by_mailbox ? "mailbox" : "sipi") != 0)
        verdict_fail(verdict, "the CPUs were woken by %s, not as asked",
                     way ? way : "no way that it tells");
    if (g_strcmp0(fields_text(report, "strategy"), options->strategy) != 0)
        verdict_fail(verdict, "the CPUs were sent for by the strategy %s, not %s",
                     fields_text(report, "strategy") ? fields_text(report, "strategy") : "(none)",
                     options->strategy);
    if (options->wake == WAKE_HYPERV)
        judge_hyperv(verdict, session);
    if (options_by_tree(options))
        judge_source(verdict, fields_object(report, "discovery"));
    if (g_strcmp0(result, "ok") != 0 && verdict->status == CLI_OK)
        verdict_fail(verdict, "the kernel's own result is '%s'", result ? result : "(none)");
}

/* The kernel that ours hands over to is judged like one that muster boot starts. */
static void judge_next(struct verdict *verdict, const struct session *session)
{
    const struct options *options = session->options;
    gint64 handed_back = fields_number(session->guest.next, "handed_back", -1);
    if (!session->guest.next)
        verdict_fail(verdict, "the kernel never handed over to %s", options->then);
    else if (handed_back != (gint64)options->cpus - 1)
        verdict_fail(verdict, "the kernel handed %" G_GINT64_FORMAT " %s back, %u had to be",
                     handed_back, plural(handed_back, "CPU", "CPUs"), options->cpus - 1);
    if (session->end == SESSION_POWER_OFF && options->until && !session->console.done)
        verdict_fail(verdict, "the guest powered off before it printed '%s'", options->until);
}

static void judge(struct verdict *verdict, const struct session *session)
{
    const struct options *options = session->options;
    const char *last = console_last_line(&session->console);
    bool by_shim = options_by_mailbox(options);
    if (by_shim)
        verdict_measure(verdict, session,
                        options->then ? session->console.guest_said
                                      : count_on(session->guest.report));
    verdict_end(verdict, session);
    if (verdict->status == CLI_USAGE)
        return; /* nothing was begun: what is missing follows from that */
    if (options->then)
        judge_next(verdict, session);
    else if (session->end == SESSION_POWER_OFF)
        verdict_fail(verdict, "the kernel powered off before its end; its last line was '%s'",
                     last);
    if (session->guest.report)
        judge_report(verdict, session);
    else if (!verdict->ended_badly)
        verdict_fail(verdict, "the kernel sent no report");
    for (guint i = 0; i < session->problems->len; i++)
        verdict_fail(verdict, "%s", (const char *)g_ptr_array_index(session->problems, i));
    if (by_shim && session->end != SESSION_QEMU_DIED)
        verdict_handover(verdict, session);
}

static void print_last_lines(const struct console *console)
{
    if (!console->last.head)
        return;
    fprintf(stderr, "The guest's last lines:\n");
    for (GList *item = console->last.head; item; item = item->next)
        fprintf(stderr, "    %s\n", (const char *)item->data);
}

/* Also of a run that failed: that is when it is looked at. The status is the run's, or this one's.
 */
static int draw_timeline(const struct report *report, const struct session *session,
                         const struct verdict *verdict, int status)
{
    const struct timeline_look look = {0};
    const char *path = session->options->timeline;
    if (!session->guest.report) {
        paint_complain("timeline %s: not drawn, the kernel sent no report", path);
        return status;
    }
    GError *error = NULL;
    JsonObject *object = report_build(report, session, verdict);
    if (timeline_write(path, object, &look, &error))
        printf("timeline: %s\n", path);
    else
        status = cli_report_error(error);
    g_clear_error(&error);
    json_object_unref(object);
    return status;
}

static void print_waits(const struct session *session)
{
    const char *method = fields_text(session->guest.report, "park_method");
    char *parked = g_strdup_printf("parked by %s", method ? method : "no way that is told");
    if (session->options->wait_ms)
        run_table_print_park(&session->waiting, "in the firmware");
    if (session->options->park_ms)
        run_table_print_park(&session->parked, parked);
    g_free(parked);
}

static int conclude(const struct session *session, void *context)
{
    (void)context;
    JsonObject *guest = session->guest.report;
    const char *way = fields_text(guest, "way");
    struct report report = {.verb = "run",
                            .way = way,
                            .reason = fields_text(guest, "reason"),
                            .then = session->options->then,
                            .cpus = fields_array(guest, "cpus"),
                            .proofs = fields_array(guest, "proofs")};
    struct verdict verdict;
    verdict_init(&verdict);
    judge(&verdict, session);
    if (guest) {
        run_table_print(report.cpus, way ? way : "?");
        run_table_print_proofs(report.proofs);
        run_table_print_hot_add(fields_array(guest, "hot_add"));
        print_waits(session);
    }
    monitor_print(&session->guest.monitor, NULL);
    if (verdict.status != CLI_OK)
        print_last_lines(&session->console);
    char *what = g_strdup_printf("%u %s%s%s%s, QEMU %s", session->options->cpus,
                                 plural(session->options->cpus, "CPU", "CPUs"),
                                 session->options->td          ? " of a TD"
                                 : session->options->monitored ? " of a Hyper-V partition"
                                                               : "",
                                 way ? " by " : "", way ? way : "", session->qemu->version);
    int status = outcome_tell(&report, session, &verdict, what);
    if (session->options->timeline)
        status = draw_timeline(&report, session, &verdict, status);
    g_free(what);
    verdict_clear(&verdict);
    return status;
}

static bool next_files_good(const struct options *options, bool *bzimage, GError **error)
{
    return !options->then || files_check_payload(options->then, options->then_initrd,
                                                 options->memory_bytes, bzimage, error);
}

static int run_options(const struct options *options, GError **error)
{
    struct image_texts texts = {0};
    struct session_plan plan = {
        .options = options, .live = options->then != NULL, .without_cx16 = options->then != NULL};
    int status = CLI_ENVIRONMENT;
    if (next_files_good(options, &plan.linux_kernel, error) &&
        files_check_output("report", options->json, error) &&
        image_choose(options, &texts, &plan.image, error))
        status = outcome_of_plan(&plan, conclude, NULL, error);
    image_clear(&texts);
    return status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    return outcome_of_verb(verb, OPTIONS_RUN, argc, argv, run_options);
}

const struct verb verb_run = {
    .name = "run",
    .operands = "[-- QEMU-ARGUMENTS]",
    .summary = "Boot Muster's own kernel, wake every CPU, and prove each one.",
    .text =
        "With --wake sipi or auto the kernel is started directly; with --wake mailbox by the "
        "shim; with --wake fdt by the shim, which then has a device tree to offer and no ACPI. "
        "With --wake hyperv all of it runs as a partition of Hyper-V under Muster's monitor: the "
        "shim starts the CPUs by hypercall, and the kernel takes them by the mailbox of a device "
        "tree. With --td all of it runs as an Intel TD, by the mailbox; with both, the TD's host "
        "is a Hyper-V.\n\n"
        "The standard --timeout is 60 s and half a second for each CPU; with --then 180 s.",
    .groups = options_of_run,
    .run = run,
};
