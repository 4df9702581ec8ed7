#include "cli/session.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#include "cli/child.h"
#include "cli/fields.h"
#include "cli/progress.h"
#include "cli/qmp.h"
#include "cli/registers.h"
#include "cli/stream.h"
#include "cli/temp.h"

/* How long QEMU may take to answer and leave once it has been asked to. */
#define GRACE_MS 10000
/* Without QMP it gets a signal, and then a stronger one. */
#define TERMINATE_MS 1000
/* A panic is followed by lines that tell more. */
#define PANIC_LINES_MS 300
/* How long the monitor's vCPUs may take to tell where they are. */
#define WHERE_MS 5000

/* The uncorrected error that "inject-mce" asks for, and that QEMU raises on one CPU alone. */
#define MCE_BANK       1
#define MCE_STATUS     "0xbd00000000000000" /* VAL UC EN MISCV ADDRV S */
#define MCE_MCG_STATUS "0x5"                /* MCIP RIPV: the interrupted program can go on */
#define MCE_ADDRESS    "0x1000"
#define MCE_MISC       "0x0"

#define TCG_LACKS "warning: TCG doesn't support requested feature"

struct session_running {
    const struct session_plan *plan;
    GMainLoop *loop;
    char *folder;
    GPid pid;
    struct qmp *qmp;
    struct stream *console, *serial, *trace, *output;
    GString *said;   /* QEMU's own stdout and stderr */
    guint cpus_told; /* that QEMU says it has */
    struct progress *progress;
    bool stdout_gone;
    bool exited;
    guint deadline, grace, panic, where, child_watch, signals[3];
};

/* ---- The end: registers, quit, exit. Each step starts the next. ---- */

static gboolean kill_qemu(gpointer data)
{
    struct session *session = data;
    child_signal(session->running->pid, SIGKILL);
    session->running->grace = 0;
    return G_SOURCE_REMOVE;
}

static void on_registers(void *context, JsonNode *result, const char *problem)
{
    struct session *session = context;
    (void)problem;
    if (result && json_node_get_value_type(result) == G_TYPE_STRING)
        session->registers = registers_parse(json_node_get_string(result));
    /* Not sent right behind the question: QEMU may leave before a long answer has gone out. */
    qmp_execute(session->running->qmp, "quit", NULL, NULL, NULL);
}

static void finish(struct session *session, enum session_end end)
{
    struct session_running *running = session->running;
    if (session->end != SESSION_RUNNING)
        return;
    session->end = end;
    if (running->exited)
        return;
    bool polite = qmp_is_ready(running->qmp) && end != SESSION_SIGNAL;
    if (polite && session->options->td) {
        /* A TD's registers are not QEMU's: what it has is the monitor's or the guest's. */
        qmp_execute(running->qmp, "quit", NULL, NULL, NULL);
    } else if (polite) {
        qmp_execute(running->qmp, "stop", NULL, NULL, NULL);
        qmp_human(running->qmp, "info registers -a", on_registers, session);
    } else {
        child_signal(running->pid, SIGTERM);
    }
    running->grace = g_timeout_add(polite ? GRACE_MS : TERMINATE_MS, kill_qemu, session);
}

static void drain(struct session *session)
{
    struct session_running *running = session->running;
    stream_drain(running->console);
    stream_drain(running->serial);
    stream_drain(running->trace);
    stream_drain(running->output);
}

static void on_qemu_exit(GPid pid, gint wait_status, gpointer data)
{
    struct session *session = data;
    struct session_running *running = session->running;
    running->child_watch = 0;
    running->exited = true;
    child_signal(pid, SIGKILL); /* whatever a wrapper script has left in the group */
    qmp_drain(running->qmp);
    drain(session);
    if (session->end == SESSION_RUNNING) {
        session->end = SESSION_QEMU_DIED;
        char *how = child_death(wait_status);
        g_strstrip(running->said->str);
        session->death =
            g_strdup_printf("%s%s%s", how, running->said->str[0] ? ": " : "", running->said->str);
        g_free(how);
    }
    g_main_loop_quit(running->loop);
}

static gboolean on_where_told(gpointer data)
{
    struct session *session = data;
    session->running->where = 0;
    finish(session, SESSION_DEADLINE);
    return G_SOURCE_REMOVE;
}

/* An NMI on every CPU: the monitor takes it as the question where its vCPUs are. */
static gboolean on_deadline(gpointer data)
{
    struct session *session = data;
    struct session_running *running = session->running;
    running->deadline = 0;
    if (session->options->td && session->end == SESSION_RUNNING && qmp_is_ready(running->qmp)) {
        qmp_execute(running->qmp, "inject-nmi", NULL, NULL, NULL);
        running->where = g_timeout_add(WHERE_MS, on_where_told, session);
        return G_SOURCE_REMOVE;
    }
    finish(session, SESSION_DEADLINE);
    return G_SOURCE_REMOVE;
}

static gboolean on_panic_told(gpointer data)
{
    struct session *session = data;
    session->running->panic = 0;
    finish(session, SESSION_PANIC);
    return G_SOURCE_REMOVE;
}

static gboolean on_signal(struct session *session, int number)
{
    session->signal = number;
    finish(session, SESSION_SIGNAL);
    return G_SOURCE_CONTINUE;
}

static gboolean on_sigint(gpointer data)
{
    return on_signal(data, SIGINT);
}

static gboolean on_sigterm(gpointer data)
{
    return on_signal(data, SIGTERM);
}

static gboolean on_sighup(gpointer data)
{
    return on_signal(data, SIGHUP);
}

/* ---- What the guest says ---- */

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

static void inject_machine_check(struct session *session, unsigned cpu)
{
    char *line = g_strdup_printf("mce %u %d %s %s %s %s", cpu, MCE_BANK, MCE_STATUS, MCE_MCG_STATUS,
                                 MCE_ADDRESS, MCE_MISC);
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
static void inject_machine_checks(struct session *session)
{
    JsonArray *wanted = fields_array(session->guest.inject_mce, "apic_ids");
    bool all = !json_object_has_member(session->guest.inject_mce, "apic_ids");
    const GArray *ids = session->apic_ids;
    unsigned cpus = session->options->cpus, asked = all ? cpus : fields_length(wanted);
    unsigned injected = 0;
    if (!qmp_is_ready(session->running->qmp))
        return;
    for (unsigned cpu = 0; asked <= cpus && cpu < cpus; cpu++) {
        gint64 id = cpu < ids->len ? g_array_index(ids, gint64, cpu) : -1;
        if (!all && (id < 0 || !is_among(wanted, id)))
            continue;
        inject_machine_check(session, cpu);
        injected++;
    }
    if (injected == 0 || injected != asked)
        g_ptr_array_add(session->problems,
                        g_strdup_printf("the kernel asked for %u machine checks by APIC ID; %u "
                                        "could be injected into QEMU's %u CPUs",
                                        asked, injected, cpus));
}

static void on_console_line(void *context, const char *line)
{
    struct session *session = context;
    switch (guest_line(&session->guest, line)) {
    case GUEST_INJECT_MCE:
        inject_machine_checks(session);
        break;
    case GUEST_ERROR:
        finish(session, SESSION_GUEST_ERROR);
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
        /* What our kernel printed before is in the pipe already, and says nothing of the next. */
        stream_drain(session->running->serial);
        session->console.watch = true;
        break;
    case GUEST_END:
        finish(session, SESSION_GUEST_DONE);
        break;
    case GUEST_WHERE:
        /* Unasked it decides nothing. */
        if (session->running->where &&
            fields_length(session->guest.monitor.where) >= session->options->cpus)
            finish(session, SESSION_DEADLINE);
        break;
    default:
        break;
    }
}

static void on_serial_text(struct session *session, const char *text, bool complete)
{
    switch (console_text(&session->console, text, complete)) {
    case CONSOLE_DONE:
        finish(session, SESSION_CONSOLE);
        break;
    case CONSOLE_FAILED:
        finish(session, SESSION_FAILED);
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

static void on_trace_line(void *context, const char *line)
{
    struct session *session = context;
    apic_trace_line(&session->trace, line);
}

static void on_output_line(void *context, const char *line)
{
    struct session *session = context;
    /* Of the TD's CPU model TCG has not everything, and says so for each CPU and feature. */
    if (session->options->td && strstr(line, TCG_LACKS))
        return;
    g_string_append_printf(session->running->said, "%s\n", line);
}

/* ---- What QEMU says ---- */

static void on_continued(void *context, JsonNode *result, const char *problem)
{
    struct session *session = context;
    if (!result)
        g_ptr_array_add(session->problems,
                        g_strdup_printf("QEMU did not start the guest: %s", problem));
}

static void start_guest(struct session *session)
{
    if (!session->options->gdb)
        qmp_execute(session->running->qmp, "cont", NULL, on_continued, session);
}

/* The guest starts behind the last one: what it asks for by APIC ID can then be mapped. */
static void on_apic_id(void *context, JsonNode *result, const char *problem)
{
    struct session *session = context;
    (void)problem;
    bool number = result && json_node_get_value_type(result) == G_TYPE_INT64;
    gint64 id = number ? json_node_get_int(result) : -1;
    g_array_append_val(session->apic_ids, id);
    if (session->apic_ids->len == session->running->cpus_told)
        start_guest(session);
}

static void on_cpus(void *context, JsonNode *result, const char *problem)
{
    struct session *session = context;
    struct session_running *running = session->running;
    (void)problem;
    JsonArray *cpus = result && JSON_NODE_HOLDS_ARRAY(result) ? json_node_get_array(result) : NULL;
    running->cpus_told = fields_length(cpus);
    for (guint i = 0; i < running->cpus_told; i++) {
        const char *path = fields_text(fields_element(cpus, i), "qom-path");
        gint64 thread = fields_number(fields_element(cpus, i), "thread-id", -1);
        g_array_append_val(session->parked.threads, thread);
        char *question =
            g_strdup_printf("{\"path\":\"%s\",\"property\":\"apic-id\"}", path ? path : "");
        qmp_execute(running->qmp, "qom-get", question, on_apic_id, session);
        g_free(question);
    }
    if (running->cpus_told == 0)
        start_guest(session);
}

static void on_qmp_ready(void *context)
{
    struct session *session = context;
    qmp_execute(session->running->qmp, "query-cpus-fast", NULL, on_cpus, session);
}

static void on_qmp_event(void *context, const char *name, JsonObject *data)
{
    struct session *session = context;
    const char *reason = fields_text(data, "reason");
    if (strcmp(name, "SHUTDOWN") != 0 || !fields_flag(data, "guest"))
        return;
    /* What the guest wrote before that is in the pipes already. */
    drain(session);
    bool reset = g_strcmp0(reason, "guest-reset") == 0;
    /* With panic=-1 Linux resets at once; its panic tells more than that. */
    if (session->console.panic)
        finish(session, SESSION_PANIC);
    finish(session, reset ? SESSION_RESET : SESSION_POWER_OFF);
}

/* ---- The start ---- */

static struct stream *open_pipe(struct session *session, const char *name,
                                const struct stream_client *client, GError **error)
{
    char *path = g_build_filename(session->running->folder, name, NULL);
    struct stream *stream = stream_new_pipe(path, client, error);
    g_free(path);
    return stream;
}

static bool open_channels(struct session *session, GError **error)
{
    struct session_running *running = session->running;
    const struct stream_client console = {.line = on_console_line, .context = session};
    const struct stream_client trace = {.line = on_trace_line, .context = session};
    const struct stream_client serial = {.line = on_serial_line,
                                         .partial = on_serial_partial,
                                         .bytes = on_serial_bytes,
                                         .context = session};
    const struct qmp_client qmp = {on_qmp_ready, on_qmp_event, session};

    char *path = g_build_filename(running->folder, QEMU_SOCKET, NULL);
    running->qmp = qmp_listen(path, &qmp, error);
    g_free(path);
    return running->qmp && (running->console = open_pipe(session, QEMU_CONSOLE, &console, error)) &&
           (running->serial = open_pipe(session, QEMU_SERIAL, &serial, error)) &&
           (running->trace = open_pipe(session, QEMU_TRACE, &trace, error));
}

static bool start_qemu(struct session *session, GError **error)
{
    struct session_running *running = session->running;
    const struct options *options = running->plan->options;
    int output;
    session->command = qemu_command(session->qemu, &session->machine, &running->plan->image,
                                    options, running->folder);
    if (!qemu_link_files(&running->plan->image, running->folder, error) ||
        !child_start(session->command, &running->pid, &output, error))
        return false;
    const struct stream_client client = {.line = on_output_line, .context = session};
    running->output = stream_new(output, &client);
    running->child_watch = g_child_watch_add(running->pid, on_qemu_exit, session);
    if (options->gdb)
        fprintf(stderr,
                "muster: the guest waits; attach with: gdb -ex 'target remote localhost:1234' %s\n",
                running->plan->image.program);
    else
        running->deadline = g_timeout_add((guint)(options->timeout_s * 1000), on_deadline, session);
    return true;
}

static void listen_to_signals(struct session *session)
{
    struct session_running *running = session->running;
    running->signals[0] = g_unix_signal_add(SIGINT, on_sigint, session);
    running->signals[1] = g_unix_signal_add(SIGTERM, on_sigterm, session);
    running->signals[2] = g_unix_signal_add(SIGHUP, on_sighup, session);
}

static void tear_down(struct session *session)
{
    struct session_running *running = session->running;
    const guint sources[] = {running->deadline,   running->grace,       running->panic,
                             running->where,      running->child_watch, running->signals[0],
                             running->signals[1], running->signals[2]};
    progress_free(running->progress);
    stream_free(running->console);
    stream_free(running->serial);
    stream_free(running->trace);
    stream_free(running->output);
    qmp_free(running->qmp);
    temp_remove(running->folder);
    for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (sources[i])
            g_source_remove(sources[i]);
    }
    g_main_loop_unref(running->loop);
    g_string_free(running->said, TRUE);
    g_free(running);
    session->running = NULL;
}

static bool run(struct session *session, GError **error)
{
    struct session_running *running = session->running;
    listen_to_signals(session);
    running->folder = temp_create(error);
    if (!running->folder || !open_channels(session, error) || !start_qemu(session, error))
        return false;
    gint64 start_us = g_get_monotonic_time();
    running->progress = progress_new(!running->plan->live);
    g_main_loop_run(running->loop);
    session->wall_s = (double)(g_get_monotonic_time() - start_us) / 1e6;
    return true;
}

bool session_run(struct session *session, const struct session_plan *plan, GError **error)
{
    *session = (struct session){.options = plan->options, .image = &plan->image};
    guest_init(&session->guest, plan->foreign_kernel, plan->options->td);
    console_init(&session->console, plan->watch_console, plan->options->until);
    qemu_machine_init(&session->machine, plan->options, plan->without_cx16);
    parked_init(&session->parked);
    session->problems = g_ptr_array_new_with_free_func(g_free);
    hot_add_init(&session->hot_add, plan->options, session->problems);
    session->apic_ids = g_array_new(FALSE, TRUE, sizeof(gint64));
    session->qemu = qemu_find(plan->options->qemu, error);
    if (!session->qemu ||
        !qemu_check_cpus(session->qemu, options_most_cpus(plan->options), error) ||
        (plan->options->hot_add && !qemu_check_hot_add(session->qemu, error)))
        return false;

    session->running = g_new0(struct session_running, 1);
    session->running->plan = plan;
    session->running->said = g_string_new(NULL);
    session->running->loop = g_main_loop_new(NULL, FALSE);
    bool started = run(session, error);
    tear_down(session);
    return started;
}

void session_clear(struct session *session)
{
    guest_clear(&session->guest);
    console_clear(&session->console);
    parked_clear(&session->parked);
    hot_add_clear(&session->hot_add);
    qemu_machine_clear(&session->machine);
    qemu_free(session->qemu);
    g_strfreev(session->command);
    g_free(session->death);
    g_ptr_array_unref(session->problems);
    g_array_unref(session->apic_ids);
    if (session->registers)
        g_array_unref(session->registers);
}
