#include "cli/bench/marks.h"

#include <stdlib.h>
#include <string.h>

#include "abi/fw_cfg.h"
#include "abi/handover.h"
#include "abi/x86.h"
#include "cli/machine/apic_trace.h"

#define VECTOR_MASK 0xFFu
/* A line that never ends must not eat memory. */
#define LONGEST_TEXT 512

void marks_init(struct marks *marks, guint cpus, bool seabios, guint64 entry_phys)
{
    *marks = (struct marks){
        .cpus = cpus,
        .entry_phys = entry_phys,
        .seabios = seabios,
        .now_us = MARKS_NEVER,
        .init_us = MARKS_NEVER,
        .phases = g_array_new(FALSE, TRUE, sizeof(struct marks_phase)),
        .shim_on_us = MARKS_NEVER,
        .handover_us = MARKS_NEVER,
        .bring_up_us = MARKS_NEVER,
        .all_on_us = MARKS_NEVER,
        .booting_us = MARKS_NEVER,
        .brought_up_us = MARKS_NEVER,
        .entered_us = MARKS_NEVER,
        .entered = g_hash_table_new(NULL, NULL),
        .text = g_string_new(NULL),
    };
}

void marks_clear(struct marks *marks)
{
    if (!marks->phases)
        return;
    g_array_unref(marks->phases);
    g_hash_table_unref(marks->entered);
    g_string_free(marks->text, TRUE);
}

static struct marks_phase *last_phase(const struct marks *marks)
{
    guint count = marks->phases->len;
    return count ? &g_array_index(marks->phases, struct marks_phase, count - 1) : NULL;
}

const struct marks_phase *marks_firmware(const struct marks *marks)
{
    const struct marks_phase *first = &g_array_index(marks->phases, struct marks_phase, 0);
    return marks->seabios && marks->phases->len && first->vector == MARKS_SEABIOS_VECTOR ? first
                                                                                         : NULL;
}

const struct marks_phase *marks_guest(const struct marks *marks)
{
    guint place = marks->seabios ? 1 : 0;
    if (marks->seabios && !marks_firmware(marks))
        return NULL;
    return place < marks->phases->len ? &g_array_index(marks->phases, struct marks_phase, place)
                                      : NULL;
}

/* ---- The local APIC ---- */

static void hear_sipi(struct marks *marks, unsigned vector)
{
    struct marks_phase *phase = last_phase(marks);
    if (!phase || phase->vector != vector) {
        const struct marks_phase new_phase = {.vector = vector,
                                              .init_us = marks->init_us,
                                              .sipi_us = marks->now_us,
                                              .enable_us = MARKS_NEVER,
                                              .fw_cfg_us = MARKS_NEVER};
        g_array_append_val(marks->phases, new_phase);
        phase = last_phase(marks);
    }
    phase->inits += marks->init_us != MARKS_NEVER;
    phase->sipis++;
    marks->init_us = MARKS_NEVER;
}

static void hear_mark(struct marks *marks, guint64 value)
{
    if (value == HANDOVER_MARK)
        marks->handover_us = marks->now_us;
    if (value == BRING_UP_MARK)
        marks->bring_up_us = marks->now_us;
    /* The shim writes it, too, before it hands over. */
    if (value == ALL_ON_MARK && marks->bring_up_us == MARKS_NEVER)
        marks->shim_on_us = marks->now_us;
    else if (value == ALL_ON_MARK)
        marks->all_on_us = marks->now_us;
}

static void hear_enable(struct marks_phase *phase, const struct marks *marks)
{
    if (phase && phase->enables < marks->cpus - 1) {
        phase->enables++;
        phase->enable_us = marks->now_us;
    }
}

static void hear_apic(struct marks *marks, guint64 offset, guint64 value)
{
    if (offset == APIC_ICR_LOW && apic_trace_is_init(value) && marks->init_us == MARKS_NEVER)
        marks->init_us = marks->now_us;
    else if (offset == APIC_ICR_LOW && apic_trace_is_sipi(value))
        hear_sipi(marks, (unsigned)value & VECTOR_MASK);
    else if (offset == APIC_TIMER_INITIAL)
        hear_mark(marks, value);
    else if (offset == APIC_SVR)
        hear_enable(last_phase(marks), marks);
}

/* ---- fw_cfg and the serial port ---- */

static void hear_fw_cfg(struct marks *marks, unsigned key)
{
    struct marks_phase *phase = last_phase(marks);
    if (phase && phase->fw_cfg_us == MARKS_NEVER && key != FW_CFG_NB_CPUS)
        phase->fw_cfg_us = marks->now_us;
}

/* "smp: Brought up 1 node, 4 CPUs", "(XEN) Brought up 4 CPUs". */
static void hear_text(struct marks *marks)
{
    const char *brought_up = strstr(marks->text->str, "Brought up ");
    const char *cpus = brought_up ? strstr(brought_up, " CPU") : NULL;
    if (strstr(marks->text->str, "Booting SMP configuration") && marks->booting_us == MARKS_NEVER)
        marks->booting_us = marks->now_us;
    if (!cpus || marks->brought_up_us != MARKS_NEVER)
        return;
    while (cpus > brought_up && g_ascii_isdigit(cpus[-1]))
        cpus--;
    marks->brought_up_us = marks->text_us;
    marks->brought_up_cpus = g_ascii_strtoll(cpus, NULL, 10);
}

static void hear_byte(struct marks *marks, char byte)
{
    if (byte == '\n') {
        hear_text(marks);
        g_string_truncate(marks->text, 0);
    } else if (g_ascii_isprint(byte) && marks->text->len < LONGEST_TEXT) {
        if (!marks->text->len)
            marks->text_us = marks->now_us;
        g_string_append_c(marks->text, byte);
    }
}

/* ---- The first instructions ---- */

/*
 * "Trace 3: 0x7f98... [0000000000099000/0000000000099000/00000040/ff000000]": CPU 3 runs what is at
 * the second number. The line has no stamp: it was written before we read it, and before whatever
 * comes behind it.
 */
static void hear_entry(struct marks *marks, const char *line, gint64 read_us)
{
    char *end;
    guint64 cpu = g_ascii_strtoull(line, &end, 10);
    const char *pc = strchr(end, '/');
    if (cpu == 0 || cpu >= marks->cpus || !pc ||
        g_ascii_strtoull(pc + 1, NULL, 16) != marks->entry_phys ||
        !g_hash_table_add(marks->entered, GUINT_TO_POINTER((guint)cpu)))
        return;
    marks->entered_us = read_us;
    marks->entered_open = true;
}

/* "30608@1795331602.168977:apic_mem_writel ..."; gives what is behind the stamp, or NULL. */
static const char *read_stamp(const char *line, gint64 *us)
{
    const char *at = strchr(line, '@');
    if (!at || !g_ascii_isdigit(line[0]))
        return NULL;
    char *end;
    guint64 seconds = g_ascii_strtoull(at + 1, &end, 10);
    if (*end != '.')
        return NULL;
    guint64 fraction = g_ascii_strtoull(end + 1, &end, 10);
    if (*end != ':')
        return NULL;
    *us = (gint64)(seconds * G_USEC_PER_SEC + fraction);
    return end + 1;
}

void marks_line(struct marks *marks, const char *line, gint64 read_us)
{
    static const char running[] = "Trace ", serial[] = MARKS_SERIAL_EVENT " write addr 0x00 val ";
    guint64 offset, value;
    if (marks->entry_phys && g_str_has_prefix(line, running)) {
        hear_entry(marks, line + strlen(running), read_us);
        return;
    }
    const char *event = read_stamp(line, &marks->now_us);
    if (!event)
        return;
    if (marks->entered_open) {
        marks->entered_us = MIN(marks->entered_us, marks->now_us);
        marks->entered_open = false;
    }
    if (apic_trace_read(event, &offset, &value)) {
        hear_apic(marks, offset, value);
    } else if (g_str_has_prefix(event, serial)) {
        hear_byte(marks, (char)strtoul(event + strlen(serial), NULL, 16));
    } else if (g_str_has_prefix(event, MARKS_FW_CFG_EVENT)) {
        const char *key = strstr(event, " key ");
        if (key)
            hear_fw_cfg(marks, (unsigned)strtoul(key + strlen(" key "), NULL, 16));
    }
}
