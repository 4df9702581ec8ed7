/* The trace as events, one line for each CPU that has come as far as to write something. */
#include <muster/trace.h>

#include "boot/json.h"
#include "kernel/kernel.h"
#include "kernel/report.h"

static void report_record(const struct muster_trace_record *record)
{
    json_open(NULL, '[');
    json_number(NULL, record->time_ns);
    json_text(NULL, muster_trace_event_name((enum muster_trace_event)record->event));
    json_number(NULL, record->argument);
    json_signed(NULL,
                (int64_t)record->value); /* an offset may be negative; nothing is that large */
    json_close(']');
}

static void report_ring(const struct muster_trace_ring *ring)
{
    struct muster_trace_record record;
    uint64_t written = ring->written; /* what comes after is not this report's */
    json_begin("kernel", "trace");
    json_number("apic_id", ring->apic_id);
    json_number("written", written);
    json_open("records", '[');
    for (uint64_t i = muster_trace_oldest(ring); i < written; i++)
        if (muster_trace_read(ring, i, &record))
            report_record(&record);
    json_close(']');
    json_end();
}

void report_trace(void)
{
    const struct muster_trace *trace = kernel.machine.trace;
    for (uint32_t i = 0; trace && i < trace->ring_count; i++) {
        const struct muster_trace_ring *ring = muster_trace_ring_at(trace, i);
        if (ring->written)
            report_ring(ring);
    }
}
