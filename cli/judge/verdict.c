#include "cli/judge/verdict.h"

#include "abi/conformance.h"
#include "boot/plural.h"
#include "cli/base/fields.h"
#include "cli/base/paint.h"
#include "cli/machine/registers.h"

void verdict_init(struct verdict *verdict)
{
    *verdict = (struct verdict){.handover = {.init = -1,
                                             .sipi = -1,
                                             .init_before = -1,
                                             .sipi_before = -1,
                                             .cpus_up = -1,
                                             .guest_said = -1}};
    verdict->failures = g_ptr_array_new_with_free_func(g_free);
}

void verdict_clear(struct verdict *verdict)
{
    g_ptr_array_unref(verdict->failures);
}

void verdict_fail(struct verdict *verdict, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(verdict->failures, g_strdup_vprintf(format, arguments));
    va_end(arguments);
    if (verdict->status != CLI_USAGE)
        verdict->status = CLI_FAILED;
}

void verdict_blind(struct verdict *verdict, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(verdict->failures, g_strdup_vprintf(format, arguments));
    va_end(arguments);
    if (verdict->status == CLI_OK)
        verdict->status = CLI_ENVIRONMENT;
}

static void fail_by_deadline(struct verdict *verdict, const struct session *session)
{
    const char *last = console_last_line(&session->console);
    gint64 up = verdict->handover.cpus_up;
    char *known = up >= 0 ? g_strdup_printf("%d of %u %s up", (int)up, session->options->cpus,
                                            plural(session->options->cpus, "CPU was", "CPUs were"))
                          : g_strdup("how many CPUs were up is not known");
    char *places = monitor_places(&session->guest.monitor);
    const char *silent = session->linux_kernel
                             ? "the guest printed nothing (Linux needs console=ttyS0)"
                             : "the guest printed nothing";
    verdict_fail(verdict, "no end after %g s; %s%s%s; %s%s; --timeout gives more time",
                 session->options->timeout_s, last[0] ? "the last line was '" : silent, last,
                 last[0] ? "'" : "", known, places);
    g_free(places);
    g_free(known);
}

/* Where no vCPU is named, no guest did it: the machine, an option, or the firmware's image. */
static void fail_by_monitor(struct verdict *verdict, bool td, JsonObject *fatal)
{
    const char *reason = fields_text(fatal, "reason");
    bool usage = g_strcmp0(fields_text(fatal, "kind"), "usage") == 0;
    if (usage || fields_number(fatal, "vcpu", -1) < 0) {
        verdict_fail(verdict, "the monitor says: %s", reason ? reason : "(no reason)");
        verdict->status = usage ? CLI_USAGE : CLI_ENVIRONMENT;
        return;
    }
    char *place = monitor_place(fatal);
    verdict_fail(verdict, "the monitor stopped the %s, %s: %s", td ? "TD" : "partition", place,
                 reason ? reason : "(no reason)");
    g_free(place);
}

static bool fail_by_end(struct verdict *verdict, const struct session *session)
{
    const char *last = console_last_line(&session->console);
    /* It ends in a reset, which says less. */
    if (session->guest.monitor.fatal) {
        fail_by_monitor(verdict, session->options->td, session->guest.monitor.fatal);
        return true;
    }
    switch (session->end) {
    case SESSION_QEMU_DIED:
        verdict_blind(verdict, "%s ended by itself with %s", session->qemu->path, session->death);
        return true;
    case SESSION_GUEST_ERROR:
        verdict_fail(verdict, "%s", session->guest.error);
        verdict->status = session->guest.error_status;
        return true;
    case SESSION_FAILED:
        verdict_fail(verdict, "the guest says '%s'", session->console.failed);
        return true;
    case SESSION_PANIC:
        verdict_fail(verdict, "the guest panicked: %s", session->console.panic);
        return true;
    case SESSION_RESET:
        verdict_fail(verdict, "the guest reset itself (triple fault?); its last line was '%s'",
                     last);
        return true;
    case SESSION_DEADLINE:
        fail_by_deadline(verdict, session);
        return true;
    default:
        return false;
    }
}

void verdict_end(struct verdict *verdict, const struct session *session)
{
    verdict->ended_badly = fail_by_end(verdict, session);
}

static gint64 count_up(const struct session *session)
{
    guint64 tables, bytes;
    if (!session->registers || !session->registers->len ||
        !registers_find_tables(session->guest.shim, &tables, &bytes))
        return -1;
    gint64 up = 0;
    for (guint i = 0; i < session->registers->len; i++)
        up += registers_left_tables(&g_array_index(session->registers, struct registers, i), tables,
                                    bytes);
    return up;
}

/* Where there is a hypervisor that keeps one of its own. */
static void judge_clock(struct verdict *verdict, JsonObject *clock)
{
    if (clock && !fields_flag(clock, "agrees"))
        verdict_fail(verdict,
                     "the guest's clock and the hypervisor's disagree: %" G_GINT64_FORMAT
                     " ns here, %" G_GINT64_FORMAT " ns there",
                     fields_number(clock, "elapsed_ns", -1),
                     fields_number(clock, "reference_ns", -1));
}

static void judge_shim(struct verdict *verdict, const struct guest *guest, unsigned cpus)
{
    gint64 found = fields_number(guest->shim, "cpus", -1);
    JsonArray *failed = fields_array(guest->shim, "failed");
    if (found >= 0 && found != cpus)
        verdict_fail(verdict, "the shim has %d %s, %u %s asked for", (int)found,
                     plural(found, "CPU", "CPUs"), cpus, plural(cpus, "was", "were"));
    for (guint i = 0; i < fields_length(failed); i++)
        verdict_fail(verdict, "the shim could not start the CPU with APIC ID %" G_GINT64_FORMAT,
                     fields_element_number(failed, i, -1));
    judge_clock(verdict, fields_object(guest->shim, "clock"));
}

static void judge_trace(struct verdict *verdict, const struct apic_trace *trace)
{
    const struct handover *handover = &verdict->handover;
    if (handover->why_not)
        return;
    if (handover->init < 0)
        verdict_blind(verdict,
                      "QEMU's APIC trace is blind: it does not show %s; INITs and SIPIs after the "
                      "hand-over are not known",
                      trace->marked ? "the INITs that firmware and the shim sent"
                                    : "the shim's mark");
    else if (handover->init + handover->sipi)
        verdict_fail(verdict,
                     "after the hand-over the guest sent %d %s and %d %s; by the mailbox "
                     "there would be none",
                     (int)handover->init, plural(handover->init, "INIT", "INITs"),
                     (int)handover->sipi, plural(handover->sipi, "SIPI", "SIPIs"));
}

/* What a monitored guest broke. Other findings are told, and the guest lives with the answer. */
static void judge_monitor(struct verdict *verdict, const struct monitor *monitor, unsigned cpus)
{
    gint64 vcpus = fields_number(monitor->ready, "vcpus", -1);
    for (guint i = 0; i < fields_length(monitor->findings); i++) {
        JsonObject *finding = fields_element(monitor->findings, i);
        const char *rule = fields_text(finding, "rule");
        if (g_strcmp0(rule, RULE_NO_INIT) != 0 && g_strcmp0(rule, RULE_NO_SIPI) != 0)
            continue;
        char *place = monitor_place(finding);
        verdict_fail(verdict, "%s broke the rule %s: here there is no INIT and no SIPI", place,
                     rule);
        g_free(place);
    }
    if (monitor->ready && vcpus != cpus)
        verdict_fail(verdict, "the monitor has %d %s, %u %s asked for", (int)vcpus,
                     plural(vcpus, "vCPU", "vCPUs"), cpus, plural(cpus, "was", "were"));
    if (!monitor->ready && !monitor->fatal)
        verdict_blind(verdict, "the monitor never said that it is ready");
}

static void judge_cpus(struct verdict *verdict, const struct session *session, unsigned cpus)
{
    const struct handover *handover = &verdict->handover;
    guint64 ap_cr3;
    bool told = fields_address(session->guest.shim, "ap_cr3", &ap_cr3);
    if (told && handover->cpus_up < 0 && !handover->monitored)
        verdict_blind(verdict, "QEMU did not say where its CPUs are; how many are up is not known");
    if (handover->cpus_up >= 0 && handover->cpus_up != cpus)
        verdict_fail(verdict, "%d of %u %s %s", (int)handover->cpus_up, cpus,
                     handover->monitored ? plural(cpus, "CPU is", "CPUs are")
                                         : plural(cpus, "CPU has", "CPUs have"),
                     handover->monitored ? "up" : "left the shim's page tables");
    if (!handover->monitored && handover->guest_said >= 0 && handover->guest_said != cpus)
        verdict_fail(verdict, "the guest says it has %d %s, not %u", (int)handover->guest_said,
                     plural(handover->guest_said, "CPU", "CPUs"), cpus);
}

static void measure_monitored(struct handover *handover, const struct monitor *monitor)
{
    handover->monitored = true;
    handover->cpus_up = handover->guest_said;
    if (!monitor->ready)
        return;
    handover->init = monitor_count(monitor, RULE_NO_INIT);
    handover->sipi = monitor_count(monitor, RULE_NO_SIPI);
}

void verdict_measure(struct verdict *verdict, const struct session *session, gint64 guest_said)
{
    const struct apic_trace *trace = &session->trace;
    struct handover *handover = &verdict->handover;
    handover->by_shim = true;
    handover->guest_said = guest_said;
    if (session->options->monitored) {
        measure_monitored(handover, &session->guest.monitor);
        return;
    }
    handover->cpus_up = count_up(session);
    if (session->machine.kvm)
        handover->why_not = "under KVM the APIC is not QEMU's, and its trace shows no INIT or SIPI";
    if (handover->why_not || !apic_trace_sees(trace, session->options->cpus))
        return;
    handover->init = (gint64)trace->after.init;
    handover->sipi = (gint64)trace->after.sipi;
    handover->init_before = (gint64)trace->before.init;
    handover->sipi_before = (gint64)trace->before.sipi;
}

void verdict_handover(struct verdict *verdict, const struct session *session)
{
    const struct guest *guest = &session->guest;
    unsigned cpus = session->options->cpus;
    if (guest->shim)
        judge_shim(verdict, guest, cpus);
    if (session->options->monitored)
        judge_monitor(verdict, &guest->monitor, cpus);
    if (guest->handed_over) {
        if (!session->options->monitored)
            judge_trace(verdict, &session->trace);
        judge_cpus(verdict, session, cpus);
    } else if (verdict->status == CLI_OK) {
        verdict_fail(verdict, guest->shim ? "the shim never handed over"
                                          : "the shim never said that it is ready");
    }
}

void verdict_print(const struct verdict *verdict)
{
    for (guint i = 0; i < verdict->failures->len; i++)
        paint_complain("%s", (const char *)g_ptr_array_index(verdict->failures, i));
}
