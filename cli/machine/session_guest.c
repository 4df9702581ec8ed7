/* What the guest says, on its debug console and its serial port. */
#include "boot/plural.h"
#include "cli/machine/session_running.h"

#include <stdio.h>

#include "cli/base/fields.h"

/* A panic is followed by lines that tell more. */
#define PANIC_LINES_MS 300

/* The uncorrected error that the kernel asks for, and that QEMU raises on one CPU alone. */
#define MCE_BANK    1
#define MCE_STATUS  "0xbd00000000000000" /* VAL UC EN MISCV ADDRV S */
#define MCE_GOES_ON "0x5"                /* MCG_STATUS: MCIP RIPV, the program can go on */
#define MCE_LOST    "0x4"                /* MCIP alone: it cannot */
#define MCE_ADDRESS "0x1000"
#define MCE_MISC    "0x0"

static void on_mce_injected(void *context, JsonNode *result, const char *problem)
{
    struct session *session = context;
    const char *text = problem;
    if (result)
        text =
            json_node_get_value_type(result) == G_TYPE_STRING ? json_node_get_string(result) : "";
    char *clean = g_strstrip(g_strdup(text));
    if (clean[0])
        g_ptr_array_add(session->problems,
                        g_strdup_printf("QEMU did not inject a machine check: %s", clean));
    g_free(clean);
}

static void inject_machine_check(struct session *session, unsigned cpu, bool lost)
{
    char *line = g_strdup_printf("mce %u %d %s %s %s %s", cpu, MCE_BANK, MCE_STATUS,
                                 lost ? MCE_LOST : MCE_GOES_ON, MCE_ADDRESS, MCE_MISC);
    qmp_human(session->running->qmp, line, on_mce_injected, session);
    g_free(line);
}

static bool is_among(JsonArray *ids, gint64 id)
{
    for (guint i = 0; i < fields_length(ids); i++) {
        if (fields_element_number(ids, i, -1) == id)
            return true;
    }
    return false;
}

/*
 * At most one on each CPU, and only on those that the kernel names, if it names any: a CPU that
 * never came up has CR4.MCE clear and shuts the whole machine down (SDM vol. 3, 6.15, #MC).
 */
static void inject_machine_checks(struct session *session, JsonObject *event)
{
    JsonArray *wanted = fields_array(event, "apic_ids");
    bool all = !json_object_has_member(event, "apic_ids");
    gint64 lost = fields_number(event, "lost", -1);
    const GArray *ids = session->apic_ids;
    unsigned cpus = session->options->cpus, asked = all ? cpus : fields_length(wanted);
    unsigned injected = 0;
    if (!qmp_is_ready(session->running->qmp))
        return;
    for (unsigned cpu = 0; asked <= cpus && cpu < cpus; cpu++) {
        gint64 id = cpu < ids->len ? g_array_index(ids, gint64, cpu) : -1;
        if (!all && (id < 0 || !is_among(wanted, id)))
            continue;
        inject_machine_check(session, cpu, id >= 0 && id == lost);
        injected++;
    }
    if (injected == 0 || injected != asked)
        g_ptr_array_add(session->problems,
                        g_strdup_printf("the kernel asked for %u machine %s by APIC ID; %u "
                                        "could be injected into QEMU's %u %s",
                                        asked, plural(asked, "check", "checks"), injected, cpus,
                                        plural(cpus, "CPU", "CPUs")));
}

static void on_console_line(void *context, const char *line)
{
    struct session *session = context;
    switch (guest_line(&session->guest, line)) {
    case GUEST_INJECT_MCE:
        inject_machine_checks(session, session->guest.inject_mce);
        break;
    case GUEST_INJECT_MCE_PARKED:
        inject_machine_checks(session, session->guest.inject_mce_parked);
        break;
    case GUEST_ERROR:
        session_finish(session, SESSION_GUEST_ERROR);
        break;
    case GUEST_WAITING:
        parked_begins(&session->waiting, session->running->pid);
        break;
    case GUEST_WAITED:
        parked_ends(&session->waiting, session->running->pid);
        break;
    case GUEST_PARKED:
        parked_begins(&session->parked, session->running->pid);
        break;
    case GUEST_UNPARKED:
        parked_ends(&session->parked, session->running->pid);
        break;
    case GUEST_HOT_ADD:
        hot_add_put_in(&session->hot_add, session->running->qmp);
        break;
    case GUEST_HOT_REMOVE:
        hot_add_take_out(&session->hot_add, session->running->qmp);
        break;
    case GUEST_HOT_REMOVED:
        hot_add_count_out(&session->hot_add, session->running->qmp);
        break;
    case GUEST_NEXT:
        /* Our kernel's last line is in the pipe already, and maybe the next kernel's first. */
        stream_drain(session->running->serial);
        session->console.watch = true;
        break;
    case GUEST_END:
        session_finish(session, SESSION_GUEST_DONE);
        break;
    case GUEST_WHERE:
        session_where_told(session);
        break;
    default:
        break;
    }
}

static gboolean on_panic_told(gpointer data)
{
    struct session *session = data;
    session->running->panic = 0;
    session_finish(session, SESSION_PANIC);
    return G_SOURCE_REMOVE;
}

static void on_serial_text(struct session *session, const char *text, bool complete)
{
    switch (console_text(&session->console, text, complete)) {
    case CONSOLE_DONE:
        session_finish(session, SESSION_CONSOLE);
        break;
    case CONSOLE_FAILED:
        session_finish(session, SESSION_FAILED);
        break;
    case CONSOLE_PANIC:
        session->running->panic = g_timeout_add(PANIC_LINES_MS, on_panic_told, session);
        break;
    case CONSOLE_NOTHING:
        break;
    }
    progress_say(session->running->progress, console_last_line(&session->console));
}

static void on_serial_line(void *context, const char *line)
{
    on_serial_text(context, line, true);
}

static void on_serial_partial(void *context, const char *text)
{
    on_serial_text(context, text, false);
}

static void on_serial_bytes(void *context, const char *bytes, size_t length)
{
    struct session *session = context;
    struct session_running *running = session->running;
    if (!running->plan->live || running->stdout_gone)
        return;
    if (fwrite(bytes, 1, length, stdout) != length || fflush(stdout) != 0)
        running->stdout_gone = true;
}

struct stream_client session_console_client(struct session *session)
{
    return (struct stream_client){.line = on_console_line, .context = session};
}

struct stream_client session_serial_client(struct session *session)
{
    return (struct stream_client){.line = on_serial_line,
                                  .partial = on_serial_partial,
                                  .bytes = on_serial_bytes,
                                  .context = session};
}
