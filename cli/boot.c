/* muster boot: a kernel that somebody else wrote, under the shim, judged from outside. */
#include "cli/boot.h"

#include <stdio.h>

#include "abi/x86.h"
#include "boot/plural.h"
#include "cli/base/fields.h"
#include "cli/base/files.h"
#include "cli/machine/registers.h"
#include "cli/machine/td_firmware.h"
#include "cli/base/table.h"

/* As muster_cpu_state_name() spells it: a CPU still on the shim's tables is off. */
static const char *state_of(const struct registers *registers, guint64 tables, guint64 bytes)
{
    if (registers_left_tables(registers, tables, bytes))
        return "on";
    return registers_left_tables(registers, 0, PAGE_BYTES) ? "off" : "absent";
}

/* The guest says nothing about its CPUs that could be believed; QEMU does. */
static JsonArray *cpus_from_outside(const struct session *session)
{
    JsonArray *cpus = json_array_new();
    guint64 tables, bytes;
    if (!session->registers || !registers_find_tables(session->guest.shim, &tables, &bytes))
        return cpus;
    for (guint i = 0; i < session->registers->len; i++) {
        JsonObject *cpu = json_object_new();
        gint64 id = i < session->apic_ids->len ? g_array_index(session->apic_ids, gint64, i) : -1;
        json_object_set_int_member(cpu, "index", i);
        if (id >= 0)
            json_object_set_int_member(cpu, "apic_id", id);
        else
            json_object_set_null_member(cpu, "apic_id");
        json_object_set_boolean_member(cpu, "bsp", i == 0);
        json_object_set_string_member(
            cpu, "state",
            state_of(&g_array_index(session->registers, struct registers, i), tables, bytes));
        json_object_set_null_member(cpu, "failure");
        json_object_set_object_member(cpu, "stamps_ns", json_object_new());
        json_array_add_object_element(cpus, cpu);
    }
    return cpus;
}

void boot_judge(struct verdict *verdict, const struct session *session)
{
    const char *until = session->options->until;
    const char *last = console_last_line(&session->console);
    verdict_measure(verdict, session, session->console.guest_said);
    verdict_end(verdict, session);
    /* The only other end that a guest can bring about is to power off. */
    if (!verdict->ended_badly && until && !session->console.done) {
        verdict->ended_badly = true;
        verdict_fail(verdict,
                     "the guest powered off before it printed '%s'; its last line was '%s'", until,
                     last);
    }
    for (guint i = 0; i < session->problems->len; i++)
        verdict_fail(verdict, "%s", (const char *)g_ptr_array_index(session->problems, i));
    if (session->end != SESSION_QEMU_DIED)
        verdict_handover(verdict, session);
}

static void add_count(struct table *table, const char *what, gint64 count)
{
    table_cell(table, "%s", what);
    if (count >= 0)
        table_cell(table, "%" G_GINT64_FORMAT, count);
    else
        table_cell(table, "not known");
}

/* The rows for a machine whose CPUs QEMU can see into. */
static void add_seen_by_qemu(struct table *table, const struct handover *handover)
{
    add_count(table, "INITs before it, by firmware and the shim", handover->init_before);
    add_count(table, "SIPIs before it", handover->sipi_before);
    add_count(table, "CPUs that left the shim's page tables", handover->cpus_up);
}

void boot_print_handover(const struct verdict *verdict, const struct session *session)
{
    const struct handover *handover = &verdict->handover;
    if (!session->guest.handed_over)
        return;
    struct table *table =
        table_new(handover->monitored ? "seen by the monitor|>count" : "seen from outside|>count");
    add_count(table, "INITs after the hand-over", handover->init);
    add_count(table, "SIPIs after the hand-over", handover->sipi);
    if (!handover->monitored)
        add_seen_by_qemu(table, handover);
    add_count(table, "CPUs that the guest says it has", handover->guest_said);
    printf("\n");
    table_print(table, stdout);
    table_free(table);
    printf("%s%s\n", handover->why_not ? handover->why_not : "", handover->why_not ? "\n" : "");
}

/* How the APs were woken follows from what was seen, not from what the guest says. */
void boot_name_way(const struct handover *handover, struct report *report)
{
    report->reason = handover->why_not;
    if (handover->init < 0)
        return;
    bool by_mailbox = handover->init + handover->sipi == 0 && handover->cpus_up > 1;
    bool by_sipi = handover->init > 0 && handover->sipi > 0;
    report->way = by_mailbox ? "mailbox" : by_sipi ? "sipi" : NULL;
    if (by_mailbox)
        report->reason = handover->monitored
                             ? "the guest has its CPUs, and the monitor saw no INIT or SIPI"
                             : "CPUs left the shim's page tables, and no INIT or SIPI was sent";
    if (by_sipi)
        report->reason = "the guest sent INITs and SIPIs of its own after the hand-over";
}

static int conclude_boot(const struct session *session, void *context)
{
    (void)context;
    struct verdict verdict;
    verdict_init(&verdict);
    boot_judge(&verdict, session);
    JsonArray *cpus = cpus_from_outside(session);
    struct report report = {.verb = "boot", .cpus = cpus};
    boot_name_way(&verdict.handover, &report);
    boot_print_handover(&verdict, session);
    monitor_print(&session->guest.monitor, NULL);
    char *what =
        g_strdup_printf("%s with %u %s%s, QEMU %s", session->options->kernel,
                        session->options->cpus, plural(session->options->cpus, "CPU", "CPUs"),
                        session->options->td ? " as a TD" : "", session->qemu->version);
    int status = outcome_tell(&report, session, &verdict, what);
    g_free(what);
    json_array_unref(cpus);
    verdict_clear(&verdict);
    return status;
}

bool boot_files_good(const struct options *options, bool *bzimage, GError **error)
{
    bool (*check)(const char *, const char *, guint64, bool *, GError **) =
        options->td_firmware ? files_check_efi_payload : files_check_payload;
    return check(options->kernel, options->initrd, options->memory_bytes, bzimage, error) &&
           files_check_output("report", options->json, error);
}

int boot_machine(const struct options *options, bool bzimage, const char *words,
                 outcome_conclude *conclude, void *context, GError **error)
{
    char *shim = options->td_firmware ? td_firmware_find(options->td_firmware, error)
                                      : files_own(options->td ? FILES_TD_SHIM : FILES_SHIM, error);
    char *monitor = shim && options->td ? files_own(FILES_MONITOR, error) : NULL;
    bool found = shim && (monitor || !options->td);
    char *shim_words = options_shim_words(options);
    char *monitor_words = options_monitor_words(options);
    const struct session_plan plan = {
        .options = options,
        .image = {.program = options->td ? NULL : shim,
                  .monitor = monitor,
                  .monitor_words = monitor_words,
                  .td_firmware = options->td ? shim : NULL,
                  .efi = options->td_firmware != NULL,
                  .words = shim_words,
                  .modules = {options->kernel, options->initrd},
                  .module_words = {words, NULL}},
        .without_cx16 = true,
        .live = true,
        .watch_console = true,
        .foreign_kernel = true,
        .linux_kernel = bzimage,
    };
    int status = found ? outcome_of_plan(&plan, conclude, context, error) : CLI_ENVIRONMENT;
    g_free(shim);
    g_free(monitor);
    g_free(shim_words);
    g_free(monitor_words);
    return status;
}

static int boot_options(const struct options *options, GError **error)
{
    bool bzimage;
    if (!boot_files_good(options, &bzimage, error))
        return CLI_ENVIRONMENT;
    return boot_machine(options, bzimage, options_foreign_words(options, options->append),
                        conclude_boot, NULL, error);
}

static int boot(const struct verb *verb, int argc, char **argv)
{
    return outcome_of_verb(verb, OPTIONS_BOOT, argc, argv, boot_options);
}

const struct verb verb_boot = {
    .name = "boot",
    .operands = "KERNEL [-- QEMU-ARGUMENTS]",
    .takes_files = true,
    .summary = "Boot any kernel under the shim, and see from outside what it does.",
    .text =
        "KERNEL is a Linux bzImage, a PVH ELF file, or a kernel for Multiboot 1 or 2; where it is "
        "several, --shim-append protocol=... chooses. Its serial port is shown live. It is "
        "done when it prints TEXT (--until), else when Linux starts init or panics for want "
        "of one, or Muster's kernel prints its result, or when it powers off. --append "
        "replaces the kernel's words, which are otherwise \"console=ttyS0\", and on a microvm "
        "TCG's clock rate, too. With --td it "
        "boots as an Intel TD under Muster's monitor, with 2 GiB of memory.\n\n"
        "The standard --timeout is 180 s.",
    .groups = options_of_boot,
    .run = boot,
};
