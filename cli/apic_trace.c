#include "cli/apic_trace.h"

#include <stdlib.h>
#include <string.h>

/* Registers by number: the MMIO offset / 16, which is also the x2APIC MSR - 0x800. */
enum {
    APIC_ICR = 0x30,
    APIC_TIMER_INITIAL_COUNT = 0x38,
};

enum {
    ICR_MODE_MASK = 7 << 8,
    ICR_MODE_INIT = 5 << 8,
    ICR_MODE_SIPI = 6 << 8,
    ICR_LEVEL_ASSERT = 1 << 14,
    ICR_TRIGGER_LEVEL = 1 << 15,
};

const char *apic_trace_event(unsigned qemu_major)
{
    return qemu_major >= 9 ? "apic_register_write" : "apic_mem_writel";
}

/* "<name> <register> = <value>" behind the pid and time that -msg timestamp=on puts first. */
static bool parse(const char *line, const char *name, uint64_t *number, uint64_t *value)
{
    const char *at = strstr(line, name);
    if (!at)
        return false;
    char *end;
    at += strlen(name);
    *number = strtoull(at, &end, 16);
    if (end == at || strncmp(end, " = ", 3) != 0)
        return false;
    at = end + 3;
    *value = strtoull(at, &end, 16);
    return end != at;
}

static void count_command(struct apic_trace *trace, uint64_t icr)
{
    struct apic_trace_counts *counts = trace->marked ? &trace->after : &trace->before;
    unsigned mode = (unsigned)icr & ICR_MODE_MASK;

    /* A level-triggered INIT without assert resets nobody (SDM 3A, "INIT Level De-assert"). */
    bool deassert = (icr & ICR_TRIGGER_LEVEL) && !(icr & ICR_LEVEL_ASSERT);
    if (mode == ICR_MODE_INIT && !deassert)
        counts->init++;
    if (mode == ICR_MODE_SIPI)
        counts->sipi++;
}

void apic_trace_line(struct apic_trace *trace, const char *line)
{
    uint64_t number, value;
    if (parse(line, "apic_mem_writel ", &number, &value))
        number >>= 4;
    else if (!parse(line, "apic_register_write register ", &number, &value))
        return;

    if (number == APIC_ICR)
        count_command(trace, value);
    /* The 0 that follows only stops the timer again; other CPUs may write in between. */
    if (number == APIC_TIMER_INITIAL_COUNT && value == APIC_TRACE_MARK)
        trace->marked = true;
}

bool apic_trace_sees(const struct apic_trace *trace, unsigned cpus)
{
    return trace->marked && (cpus == 1 || trace->before.init > 0);
}
