#include "cli/bench/boot.h"

#include <string.h>

#include "cli/base/fields.h"
#include "cli/base/files.h"
#include "cli/image.h"
#include "cli/machine/session.h"

#define MEMORY    "1G"
#define TIMEOUT_S "120"
/* A busy host gives ticks late, of which Linux thinks that there is no timer, and panics. */
#define LINUX_WORDS "console=ttyS0 panic=-1 no_timer_check"
/* A delay loop that nobody measures: 4 million rounds for each tick of 4 ms. */
#define LPJ_WORDS LINUX_WORDS " lpj=4000000"
/* All that it prints is out when it goes on: else its last line would come late. */
#define XEN_WORDS "console=com1 com1=115200,8n1 sync_console noreboot"

/* What is started, where it is not our own kernel. */
static const struct {
    const char *wake; /* --wake, or NULL */
    bool td, own, shim;
    const char *words;
} kinds[BENCH_BOOTS] = {
    [BENCH_BOOT_SIPI] = {.wake = "sipi", .own = true},
    [BENCH_BOOT_CLASSIC] = {.wake = "sipi-classic", .own = true},
    [BENCH_BOOT_MAILBOX] = {.wake = "mailbox", .own = true},
    [BENCH_BOOT_FDT] = {.wake = "fdt", .own = true},
    [BENCH_BOOT_OVMF] = {0},
    [BENCH_BOOT_LINUX] = {.words = LINUX_WORDS},
    [BENCH_BOOT_LINUX_LPJ] = {.words = LPJ_WORDS},
    [BENCH_BOOT_LINUX_MAILBOX] = {.words = LPJ_WORDS, .shim = true},
    [BENCH_BOOT_XEN] = {.words = XEN_WORDS},
    [BENCH_BOOT_TD] = {.td = true, .own = true},
    [BENCH_BOOT_HYPERV] = {.wake = "hyperv", .own = true},
};

static const char *program_of(enum bench_boot boot, const struct bench_files *files)
{
    return boot == BENCH_BOOT_XEN ? files->xen : kinds[boot].words ? files->linux_kernel : NULL;
}

const char *boot_missing(enum bench_boot boot, const struct bench_files *files)
{
    if (boot == BENCH_BOOT_OVMF && !files->ovmf)
        return "there is no OVMF; install the package ovmf, or give --ovmf FILE";
    if (boot == BENCH_BOOT_XEN && !files->xen)
        return "give --xen FILE; scripts/fetch xen gets one";
    if (kinds[boot].words && boot != BENCH_BOOT_XEN && !files->linux_kernel)
        return "give --linux KERNEL; scripts/fetch kernel gets one";
    return NULL;
}

/* ---- Its command line, as one of muster run or boot ---- */

G_GNUC_PRINTF(2, 3)
static void add(GPtrArray *words, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(words, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static void add_pair(GPtrArray *words, const char *name, const char *value)
{
    g_ptr_array_add(words, g_strdup(name));
    g_ptr_array_add(words, g_strdup(value));
}

static void add_number(GPtrArray *words, const char *name, guint value)
{
    add(words, "%s", name);
    add(words, "%u", value);
}

static void add_kernel(GPtrArray *words, const struct boot_request *request)
{
    if (kinds[request->boot].wake)
        add_pair(words, "--wake", kinds[request->boot].wake);
    if (kinds[request->boot].td)
        add(words, "--td");
    if (request->wait_ms)
        add_number(words, "--wait-ms", request->wait_ms);
    if (request->park_ms)
        add_number(words, "--park-ms", request->park_ms);
    add_pair(words, "--append", "prove=off trace=off");
}

/* Behind "--": QEMU's own. */
static void add_instruments(GPtrArray *words, const struct boot_request *request,
                            const struct bench_files *files)
{
    add(words, "--");
    add_pair(words, "-accel", request->multi ? "tcg,thread=multi" : "tcg,thread=single");
    add_pair(words, "-trace", MARKS_SERIAL_EVENT);
    add_pair(words, "-trace", MARKS_FW_CFG_EVENT);
    if (request->boot == BENCH_BOOT_OVMF)
        add_pair(words, "-bios", files->ovmf);
    if (request->count) {
        add_pair(words, "-icount", "shift=0,sleep=off");
        add_pair(words, "-rtc", "base=2024-01-01,clock=vm");
        add_pair(words, "-seed", "1");
    }
    if (request->entry_phys) {
        add_pair(words, "-d", "exec");
        add(words, "-dfilter");
        add(words, "0x%" G_GINT64_MODIFIER "x+1", request->entry_phys);
    }
}

static struct options *make_options(const struct boot_request *request,
                                    const struct bench_files *files, GError **error)
{
    const char *program = program_of(request->boot, files);
    bool monitored = kinds[request->boot].td || request->boot == BENCH_BOOT_HYPERV;
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    add(words, program ? "boot" : "run");
    if (program)
        add(words, "%s", program);
    add_number(words, "--cpus", request->cpus);
    if (!monitored)
        add_pair(words, "--memory", MEMORY);
    add_pair(words, "--timeout", TIMEOUT_S);
    if (files->qemu)
        add_pair(words, "--qemu", files->qemu);
    if (kinds[request->boot].own)
        add_kernel(words, request);
    add_instruments(words, request, files);
    g_ptr_array_add(words, NULL);
    struct options *options =
        options_parse(program ? &verb_boot : &verb_run, program ? OPTIONS_BOOT : OPTIONS_RUN,
                      (int)words->len - 1, (char **)words->pdata, error);
    g_ptr_array_unref(words);
    return options;
}

/* ---- What it starts with ---- */

static bool choose_image(const struct boot_request *request, const struct bench_files *files,
                         const struct options *options, struct image_texts *texts,
                         struct qemu_image *image, GError **error)
{
    const char *program = program_of(request->boot, files);
    if (kinds[request->boot].own)
        return image_choose(options, texts, image, error);
    *image = (struct qemu_image){.program = program, .words = kinds[request->boot].words};
    if (request->boot == BENCH_BOOT_XEN) {
        /* It stops before it wakes anybody if it has no kernel at all; its own comes afterwards. */
        texts->kernel = files_own(FILES_KERNEL, error);
        image->modules[0] = texts->kernel;
        return texts->kernel != NULL;
    }
    if (!kinds[request->boot].shim)
        return true;
    texts->shim = files_own(FILES_SHIM, error);
    *image = (struct qemu_image){.program = texts->shim,
                                 .words = "",
                                 .modules = {program},
                                 .module_words = {kinds[request->boot].words}};
    return texts->shim != NULL;
}

/* ---- What is heard ---- */

struct hearing {
    const struct boot_request *request;
    struct marks *marks;
};

/* Our own kernel says its end itself. */
static bool is_done(const struct hearing *hearing)
{
    const struct marks *marks = hearing->marks;
    if (kinds[hearing->request->boot].own)
        return false;
    if (hearing->request->boot != BENCH_BOOT_OVMF)
        return marks->brought_up_us != MARKS_NEVER;
    const struct marks_phase *phase = marks_guest(marks);
    return phase && phase->enables == marks->cpus - 1;
}

static bool hear(void *context, const char *line)
{
    struct hearing *hearing = context;
    marks_line(hearing->marks, line, g_get_real_time());
    return is_done(hearing);
}

static void read_own(struct boot_own *own, JsonObject *report, guint cpus)
{
    JsonArray *list = fields_array(report, "cpus");
    gint64 all_on = fields_number(fields_object(report, "timing"), "all_on_ns", -1);
    gint64 wake = G_MAXINT64, first = G_MAXINT64, last = 0, on = 0;
    *own = (struct boot_own){-1, -1, -1, -1};
    if (fields_length(list) != cpus)
        return;
    for (guint i = 0; i < cpus; i++) {
        JsonObject *cpu = fields_element(list, i), *stamps = fields_object(cpu, "stamps_ns");
        if (g_strcmp0(fields_text(cpu, "state"), "on") != 0)
            return;
        if (fields_flag(cpu, "bsp"))
            continue;
        wake = MIN(wake, fields_number(stamps, "wake_sent", G_MAXINT64));
        first = MIN(first, fields_number(stamps, "first_instruction", G_MAXINT64));
        last = MAX(last, fields_number(stamps, "first_instruction", G_MAXINT64));
        on = MAX(on, fields_number(stamps, "on", G_MAXINT64));
    }
    if (wake != G_MAXINT64 && last != G_MAXINT64 && on != G_MAXINT64)
        *own = (struct boot_own){on - wake, last - wake, first - wake, MAX(all_on - wake, -1)};
}

static char *find_problem(const struct boot_request *request, const struct session *session)
{
    JsonObject *report = session->guest.report;
    if (session->end != SESSION_GUEST_DONE)
        return g_strdup_printf("%s; its last line was '%s'",
                               session->end == SESSION_DEADLINE
                                   ? "it did not come to its end in " TIMEOUT_S " s"
                               : session->end == SESSION_QEMU_DIED   ? session->death
                               : session->end == SESSION_GUEST_ERROR ? session->guest.error
                                                                     : "it ended too early",
                               console_last_line(&session->console));
    if (kinds[request->boot].own && g_strcmp0(fields_text(report, "result"), "ok") != 0)
        return g_strdup("not every CPU came on");
    return NULL;
}

static void read_park(struct boot_result *result, const struct session *session)
{
    const struct parked *parked = session->options->wait_ms ? &session->waiting : &session->parked;
    result->watched_ms = parked->ms;
    result->process_ms = parked->process_known ? parked->process_ms : -1;
}

static void read_session(struct boot_result *result, const struct boot_request *request,
                         const struct session *session)
{
    result->signal = session->end == SESSION_SIGNAL ? session->signal : 0;
    result->problem = find_problem(request, session);
    result->qemu_version = g_strdup(session->qemu->version);
    result->qemu_path = g_strdup(session->qemu->path);
    result->cpu_model = g_strdup(session->machine.cpu);
    result->command = g_strjoinv(" ", session->command);
    if (kinds[request->boot].own && session->guest.report)
        read_own(&result->own, session->guest.report, request->cpus);
    read_park(result, session);
}

static bool run_machine(const struct boot_request *request, const struct bench_files *files,
                        const struct options *options, struct boot_result *result, GError **error)
{
    struct image_texts texts = {0};
    struct hearing hearing = {request, &result->marks};
    struct session session;
    struct session_plan plan = {.options = options,
                                .without_cx16 = true,
                                .foreign_kernel = !kinds[request->boot].own,
                                .silent = true,
                                .heard = hear,
                                .context = &hearing};
    bool good = choose_image(request, files, options, &texts, &plan.image, error);
    if (good) {
        good = session_run(&session, &plan, error);
        if (good)
            read_session(result, request, &session);
        session_clear(&session);
    }
    image_clear(&texts);
    return good;
}

bool boot_run(const struct boot_request *request, const struct bench_files *files,
              struct boot_result *result, GError **error)
{
    *result = (struct boot_result){.own = {-1, -1, -1}, .process_ms = -1};
    marks_init(&result->marks, request->cpus, request->boot != BENCH_BOOT_OVMF,
               request->entry_phys);
    struct options *options = make_options(request, files, error);
    bool good = options && run_machine(request, files, options, result, error);
    options_free(options);
    return good;
}

void boot_clear(struct boot_result *result)
{
    marks_clear(&result->marks);
    g_free(result->problem);
    g_free(result->qemu_version);
    g_free(result->qemu_path);
    g_free(result->cpu_model);
    g_free(result->command);
}
