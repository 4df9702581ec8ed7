#include "cli/machine/session.h"

#include <stdio.h>
#include <string.h>

#include "cli/base/child.h"
#include "cli/base/fields.h"
#include "cli/base/paint.h"
#include "cli/machine/firmware.h"
#include "cli/base/words.h"
#include "cli/machine/session_running.h"
#include "cli/base/temp.h"

#define TCG_LACKS "warning: TCG doesn't support requested feature"

/* ---- What QEMU says ---- */

static void on_trace_line(void *context, const char *line)
{
    struct session *session = context;
    const struct session_plan *plan = session->running->plan;
    apic_trace_line(&session->trace, line);
    if (plan->heard && plan->heard(plan->context, line))
        session_finish(session, SESSION_GUEST_DONE);
}

static void on_output_line(void *context, const char *line)
{
    struct session *session = context;
    /* Of the monitor's CPU model TCG has not everything, and says so for each CPU and feature. */
    if (session->options->monitored && strstr(line, TCG_LACKS))
        return;
    g_string_append_printf(session->running->said, "%s\n", line);
}

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
        g_array_append_val(session->waiting.threads, thread);
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
    session_guest_ended(session);
    /* What the guest wrote before that is in the pipes already. */
    session_drain(session);
    bool reset = g_strcmp0(reason, "guest-reset") == 0;
    /* With panic=-1 Linux resets at once; its panic tells more than that. */
    if (session->console.panic)
        session_finish(session, SESSION_PANIC);
    session_finish(session, reset ? SESSION_RESET : SESSION_POWER_OFF);
}

/* ---- The start ---- */

static struct stream *open_pipe(struct session *session, const char *name,
                                const struct stream_client *client, FILE *copy, GError **error)
{
    char *path = g_build_filename(session->running->folder, name, NULL);
    struct stream *stream = stream_new_pipe(path, client, error);
    if (stream)
        stream_keep(stream, copy);
    g_free(path);
    return stream;
}

static bool open_channels(struct session *session, GError **error)
{
    struct session_running *running = session->running;
    const struct stream_client console = session_console_client(session);
    const struct stream_client serial = session_serial_client(session);
    const struct stream_client trace = {.line = on_trace_line, .context = session};
    const struct qmp_client qmp = {on_qmp_ready, on_qmp_event, session};

    char *path = g_build_filename(running->folder, QEMU_SOCKET, NULL);
    running->qmp = qmp_listen(path, &qmp, error);
    g_free(path);
    struct keep *keep = &session->keep;
    return running->qmp &&
           (running->console = open_pipe(session, QEMU_CONSOLE, &console, keep->events, error)) &&
           (running->serial = open_pipe(session, QEMU_SERIAL, &serial, keep->console, error)) &&
           (running->trace = open_pipe(session, QEMU_TRACE, &trace, keep->trace, error));
}

static void keep_command_text(struct session *session)
{
    char *line =
        qemu_command_text(session->qemu, &session->machine, session->image, session->options);
    char *text = g_strconcat("# The machine, for a terminal. Nobody asks anything of it here, nor "
                             "injects the\n# machine checks that the word inject=mce promises.\n",
                             line, NULL);
    keep_command(&session->keep, text);
    g_free(text);
    g_free(line);
}

/* A 32-bit image of ours has no symbols; the one of 64 bits that it was made from lies beside it.
 */
static void tell_gdb(const char *program)
{
    char *unstripped = g_strconcat(program, "64", NULL);
    bool better = g_str_has_suffix(program, ".elf") && g_file_test(unstripped, G_FILE_TEST_EXISTS);
    char *quoted = words_quote(better ? unstripped : program);
    paint_complain("the guest waits; attach with: gdb -ex 'target remote localhost:1234' %s",
                   quoted);
    g_free(quoted);
    g_free(unstripped);
}

static bool start_qemu(struct session *session, GError **error)
{
    struct session_running *running = session->running;
    const struct options *options = running->plan->options;
    int output;
    keep_command_text(session);
    session->command = qemu_command(session->qemu, &session->machine, &running->plan->image,
                                    options, running->folder);
    if (!qemu_place_files(&running->plan->image, options, running->folder, error))
        return false;
    if (session->end != SESSION_RUNNING)
        return true; /* a signal came while the files were made */
    if (!child_start(session->command, &running->pid, &output, error))
        return false;
    const struct stream_client client = {.line = on_output_line, .context = session};
    running->output = stream_new(output, &client);
    stream_keep(running->output, session->keep.qemu);
    session_watch_exit(session);
    if (options->gdb)
        tell_gdb(running->plan->image.program);
    else
        session_watch_deadline(session);
    return true;
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
    keep_close(&session->keep);
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
    session_watch_signals(session);
    running->folder = temp_create(error);
    if (!running->folder || !open_channels(session, error) || !start_qemu(session, error))
        return false;
    gint64 start_us = g_get_monotonic_time();
    running->progress = progress_new(!running->plan->live && !running->plan->silent);
    if (session->end == SESSION_RUNNING)
        g_main_loop_run(running->loop);
    session->wall_s = (double)(g_get_monotonic_time() - start_us) / 1e6;
    return true;
}

static void init(struct session *session, const struct session_plan *plan)
{
    *session = (struct session){
        .options = plan->options, .image = &plan->image, .linux_kernel = plan->linux_kernel};
    guest_init(&session->guest, plan->foreign_kernel, plan->options->monitored);
    /* It speaks to nobody but its kernel: whatever is said, the kernel may have said. */
    session->guest.handed_over = plan->image.efi;
    console_init(&session->console, plan->watch_console, plan->options->until);
    parked_init(&session->waiting);
    parked_init(&session->parked);
    session->problems = g_ptr_array_new_with_free_func(g_free);
    hot_add_init(&session->hot_add, plan->options, session->problems);
    session->apic_ids = g_array_new(FALSE, TRUE, sizeof(gint64));
}

static bool choose_machine(struct session *session, const struct session_plan *plan, GError **error)
{
    const struct options *options = plan->options;
    session->qemu = qemu_find(options->qemu, error);
    return session->qemu && qemu_check_cpus(session->qemu, options_most_cpus(options), error) &&
           (!options->hot_add || qemu_check_hot_add(session->qemu, error)) &&
           qemu_machine_init(&session->machine, session->qemu, options, plan->without_cx16,
                             error) &&
           firmware_find(session->qemu, options, &session->machine.firmware_file, error);
}

bool session_run(struct session *session, const struct session_plan *plan, GError **error)
{
    init(session, plan);
    if (!choose_machine(session, plan, error) ||
        !keep_open(&session->keep, plan->options->keep, error))
        return false;

    session->running = g_new0(struct session_running, 1);
    session->running->plan = plan;
    session->running->said = g_string_new(NULL);
    session->running->loop = g_main_loop_new(NULL, FALSE);
    bool started = run(session, error);
    tear_down(session);
    return started;
}

bool session_print_command(const struct session_plan *plan, GError **error)
{
    struct session session;
    init(&session, plan);
    bool good = choose_machine(&session, plan, error) && qemu_check_names(&plan->image, error);
    if (good) {
        char *text = qemu_command_text(session.qemu, &session.machine, &plan->image, plan->options);
        fputs(text, stdout);
        g_free(text);
    }
    session_clear(&session);
    return good;
}

void session_clear(struct session *session)
{
    guest_clear(&session->guest);
    console_clear(&session->console);
    parked_clear(&session->waiting);
    parked_clear(&session->parked);
    hot_add_clear(&session->hot_add);
    keep_clear(&session->keep);
    qemu_machine_clear(&session->machine);
    qemu_free(session->qemu);
    g_strfreev(session->command);
    g_free(session->death);
    g_ptr_array_unref(session->problems);
    g_array_unref(session->apic_ids);
    if (session->registers)
        g_array_unref(session->registers);
}
