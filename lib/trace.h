/**
 * Private to the library: writing the trace (muster/trace.h).
 */
#ifndef LIB_TRACE_H
#define LIB_TRACE_H

#include <muster/trace.h>

/** The ring of the CPU at @index; NULL if nothing is traced. */
struct muster_trace_ring *trace_ring_of(const struct muster_machine *machine, uint32_t index);

/**
 * One record. Only the ring's own CPU writes, and never in the handler of an NMI, #DF or #MC: its
 * index is no more than a store, which makes the record visible to whoever reads it meanwhile.
 * An interrupt that comes in between, and turns a CPU on as well, costs one of the two records.
 */
static inline void trace_write(struct muster_trace_ring *ring, uint64_t time_ns,
                               enum muster_trace_event event, uint32_t argument, uint64_t value)
{
    if (!ring)
        return;
    uint64_t written = ring->written;
    ring->records[written & ring->mask] = (struct muster_trace_record){
        .time_ns = time_ns, .event = event, .argument = argument, .value = value};
    __atomic_store_n(&ring->written, written + 1, __ATOMIC_RELEASE);
}

/** On the BSP: an event that happens now. */
void trace_boot(const struct muster_machine *machine, enum muster_trace_event event,
                uint32_t argument, uint64_t value);

/** On the CPU whose slot it is: an event that happens now. */
void trace_own(const struct muster_slot *slot, enum muster_trace_event event, uint32_t argument,
               uint64_t value);

#endif
