#include "cli/machine/parked.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/* Of /proc/PID/task/TID/stat, counted behind the name, which ends with the last ')'. */
#define FIELD_USER   11
#define FIELD_SYSTEM 12

void parked_init(struct parked *parked)
{
    *parked = (struct parked){.threads = g_array_new(FALSE, TRUE, sizeof(gint64)),
                              .spent = g_array_new(FALSE, TRUE, sizeof(double))};
}

void parked_clear(struct parked *parked)
{
    g_array_unref(parked->threads);
    g_array_unref(parked->spent);
}

/* CPU milliseconds by the kernel's ticks, or -1: nobody else may ask for a thread's clock. */
static double thread_ms(GPid pid, gint64 thread)
{
    char *path = g_strdup_printf("/proc/%d/task/%" G_GINT64_FORMAT "/stat", (int)pid, thread);
    char *text = NULL;
    double ms = -1;
    char *name_end =
        g_file_get_contents(path, &text, NULL, NULL) && text ? strrchr(text, ')') : NULL;
    if (name_end && name_end[1] == ' ') {
        char **fields = g_strsplit(name_end + 2, " ", -1);
        if (g_strv_length(fields) > FIELD_SYSTEM) {
            guint64 ticks = g_ascii_strtoull(fields[FIELD_USER], NULL, 10) +
                            g_ascii_strtoull(fields[FIELD_SYSTEM], NULL, 10);
            ms = (double)ticks * 1000 / (double)sysconf(_SC_CLK_TCK);
        }
        g_strfreev(fields);
    }
    g_free(text);
    g_free(path);
    return ms;
}

/* Of all its threads, the ended ones as well, to the nanosecond; -1 if it is gone. */
static double process_ms(GPid pid)
{
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time))
        return -1;
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

void parked_begins(struct parked *parked, GPid pid)
{
    g_array_set_size(parked->spent, 0);
    for (guint i = 0; i < parked->threads->len; i++) {
        double ms = thread_ms(pid, g_array_index(parked->threads, gint64, i));
        g_array_append_val(parked->spent, ms);
    }
    parked->process_ms = process_ms(pid);
    parked->begin_us = g_get_monotonic_time();
}

void parked_ends(struct parked *parked, GPid pid)
{
    if (!parked->begin_us || parked->ms > 0)
        return;
    parked->ms = (double)(g_get_monotonic_time() - parked->begin_us) / 1000;
    double process_now = process_ms(pid);
    parked->process_known = parked->process_ms >= 0 && process_now >= parked->process_ms;
    parked->process_ms = process_now - parked->process_ms;
    for (guint i = 0; i < parked->spent->len; i++) {
        double *spent = &g_array_index(parked->spent, double, i);
        double now = thread_ms(pid, g_array_index(parked->threads, gint64, i));
        parked->failed |= *spent < 0 || now < *spent;
        *spent = now - *spent;
    }
}

static bool share_a_thread(const GArray *threads)
{
    for (guint i = 1; i < threads->len; i++)
        if (g_array_index(threads, gint64, i) == g_array_index(threads, gint64, 0))
            return true;
    return false;
}

const char *parked_why_not(const struct parked *parked)
{
    if (parked->ms <= 0)
        return "not asked for: --park-ms N";
    if (parked->threads->len == 0 || parked->failed)
        return "QEMU's threads could not be read";
    if (share_a_thread(parked->threads))
        return "all CPUs share one thread of QEMU (tcg,thread=single); give -- -accel "
               "tcg,thread=multi";
    return NULL;
}

static void add_process(JsonObject *object, const struct parked *parked)
{
    if (parked->ms > 0 && parked->process_known)
        json_object_set_double_member(object, "process_cpu_ms", parked->process_ms);
    else
        json_object_set_null_member(object, "process_cpu_ms");
}

JsonObject *parked_report(const struct parked *parked, const char *method)
{
    JsonObject *object = json_object_new();
    const char *why_not = parked_why_not(parked);
    if (method)
        json_object_set_string_member(object, "method", method);
    else
        json_object_set_null_member(object, "method");
    if (parked->ms > 0)
        json_object_set_double_member(object, "ms", parked->ms);
    else
        json_object_set_null_member(object, "ms");
    add_process(object, parked);
    if (why_not) {
        json_object_set_null_member(object, "host_cpu_ms");
        json_object_set_string_member(object, "why_not", why_not);
        return object;
    }
    JsonArray *spent = json_array_new();
    for (guint i = 0; i < parked->spent->len; i++)
        json_array_add_double_element(spent, g_array_index(parked->spent, double, i));
    json_object_set_array_member(object, "host_cpu_ms", spent);
    json_object_set_null_member(object, "why_not");
    return object;
}
