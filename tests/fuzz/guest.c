/*
 * What the command hears while a machine runs: the guest's events and the monitor's, the serial
 * console, QEMU's trace of the local APIC and its registers. An input: whom the guest is, then
 * lines.
 */
#define _GNU_SOURCE

#include "cli/base/fields.h"
#include "cli/machine/apic_trace.h"
#include "cli/machine/console.h"
#include "cli/machine/guest.h"
#include "cli/machine/registers.h"
#include "tests/fuzz/fuzz.h"

enum what { FOREIGN = 1 << 0, MONITORED = 1 << 1, UNTIL = 1 << 2, BEGINNINGS = 1 << 3 };

struct listeners {
    struct guest guest;
    struct console console;
    struct apic_trace trace;
};

static void hear_line(struct listeners *listeners, const char *line, unsigned what)
{
    enum guest_event event = guest_line(&listeners->guest, line);
    fuzz_require(event <= GUEST_WHERE, "an event of no kind");
    if (g_utf8_validate(line, -1, NULL) || !(what & BEGINNINGS))
        console_text(&listeners->console, line, !(what & BEGINNINGS));
    apic_trace_line(&listeners->trace, line);
}

static void ask_shim(JsonObject *shim, const GArray *registers)
{
    guint64 tables, bytes;
    if (!shim || !registers_find_tables(shim, &tables, &bytes))
        return;
    for (guint i = 0; i < registers->len; i++)
        registers_left_tables(&g_array_index(registers, struct registers, i), tables, bytes);
}

static void ask(struct listeners *listeners, const char *text)
{
    GArray *registers = registers_parse(text);
    const struct guest *guest = &listeners->guest;
    JsonObject *report = monitor_report(&guest->monitor);
    char *places = monitor_places(&guest->monitor);
    ask_shim(guest->shim, registers);
    monitor_count(&guest->monitor, "sipi");
    fuzz_require(!guest->error || guest->error_status != CLI_OK, "an error without a status");
    fuzz_require(console_last_line(&listeners->console) != NULL, "no last line");
    g_free(places);
    if (report)
        json_object_unref(report);
    g_array_unref(registers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    unsigned what = (unsigned)fuzz_number(&input, 1);
    struct listeners listeners = {0};
    char *text = fuzz_text(input.at, input.left);
    char **lines = g_strsplit(text, "\n", -1);
    guest_init(&listeners.guest, what & FOREIGN, what & MONITORED);
    console_init(&listeners.console, true, what & UNTIL ? "login:" : NULL);
    for (char **line = lines; *line; line++)
        hear_line(&listeners, *line, what);
    ask(&listeners, text);
    guest_clear(&listeners.guest);
    console_clear(&listeners.console);
    g_strfreev(lines);
    free(text);
    return 0;
}
