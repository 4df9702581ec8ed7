#include "cli/machine/apic_trace.h"

#include <stdlib.h>
#include <string.h>

#include "abi/handover.h"
#include "abi/x86.h"

/* In x2APIC mode a register's number is its MMIO offset / 16 (SDM vol. 3, 11.12.1.2). */
#define X2_NUMBER_SHIFT 4
#define OFFSET_MASK     (~(uint64_t)0xf)

const char *apic_trace_event(unsigned qemu_major)
{
    return qemu_major >= 9 ? "apic_register_write" : "apic_mem_writel";
}

/* "<name> <register> = <value>" behind the pid and time that -msg timestamp=on puts first. */
static bool parse(const char *line, const char *name, uint64_t *where, uint64_t *value)
{
    const char *at = strstr(line, name);
    if (!at)
        return false;
    char *end;
    at += strlen(name);
    *where = strtoull(at, &end, 16);
    if (end == at || strncmp(end, " = ", 3) != 0)
        return false;
    at = end + 3;
    *value = strtoull(at, &end, 16);
    return end != at;
}

/* A level-triggered INIT without assert resets nobody (SDM 3A, "INIT Level De-assert"). */
bool apic_trace_is_init(uint64_t icr)
{
    bool deassert = (icr & ICR_LEVEL) && !(icr & ICR_ASSERT);
    return (icr & ICR_DELIVERY_MODE) == ICR_INIT && !deassert;
}

bool apic_trace_is_sipi(uint64_t icr)
{
    return (icr & ICR_DELIVERY_MODE) == ICR_SIPI;
}

static void count_command(struct apic_trace *trace, uint64_t icr)
{
    struct apic_trace_counts *counts = trace->marked ? &trace->after : &trace->before;
    counts->init += apic_trace_is_init(icr);
    counts->sipi += apic_trace_is_sipi(icr);
}

bool apic_trace_read(const char *line, uint64_t *offset, uint64_t *value)
{
    if (parse(line, "apic_mem_writel ", offset, value))
        *offset &= OFFSET_MASK;
    else if (parse(line, "apic_register_write register ", offset, value))
        *offset <<= X2_NUMBER_SHIFT;
    else
        return false;
    return true;
}

void apic_trace_line(struct apic_trace *trace, const char *line)
{
    uint64_t offset, value;
    if (!apic_trace_read(line, &offset, &value))
        return;
    if (offset == APIC_ICR_LOW)
        count_command(trace, value);
    /* The 0 that follows only stops the timer again; other CPUs may write in between. */
    if (offset == APIC_TIMER_INITIAL && value == HANDOVER_MARK)
        trace->marked = true;
}

bool apic_trace_sees(const struct apic_trace *trace, unsigned cpus)
{
    return trace->marked && (cpus == 1 || trace->before.init > 0);
}
