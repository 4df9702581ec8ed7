/* The trace's memory, from both sides: making it, and reading one that may be anything. */
#include "lib/trace.h"

#include "lib/machine.h"
#include "lib/memory_functions.h"

_Static_assert(sizeof(struct muster_trace) == 64, "layout of version 1");
_Static_assert(sizeof(struct muster_trace_ring) == 64, "layout of version 1");
_Static_assert(sizeof(struct muster_trace_record) == 24, "layout of version 1");
_Static_assert((MUSTER_TRACE_AP_RECORDS & (MUSTER_TRACE_AP_RECORDS - 1)) == 0, "a mask is used");

#define BOOT_RECORDS_PER_CPU 3u
#define BOOT_RECORDS_MORE    64u
#define MOST_RECORDS         (1u << 24) /* in one ring: far more than anybody gives */

const char *muster_trace_event_name(enum muster_trace_event event)
{
    static const char *const names[MUSTER_TRACE_EVENT_COUNT] = {
        [MUSTER_TRACE_NONE] = "none",
        [MUSTER_TRACE_WAKE_SENT] = "wake-sent",
        [MUSTER_TRACE_FIRST_INSTRUCTION] = "first-instruction",
        [MUSTER_TRACE_LONG_MODE] = "long-mode",
        [MUSTER_TRACE_OWN_TABLES] = "own-tables",
        [MUSTER_TRACE_PARKED] = "parked",
        [MUSTER_TRACE_ON] = "on",
        [MUSTER_TRACE_DISCOVERED] = "discovered",
        [MUSTER_TRACE_PLANNED] = "planned",
        [MUSTER_TRACE_PREPARED] = "prepared",
        [MUSTER_TRACE_WAKE_AGAIN] = "wake-again",
        [MUSTER_TRACE_MAILBOX_TEST] = "mailbox-test",
        [MUSTER_TRACE_MAILBOX_ACKNOWLEDGED] = "mailbox-acknowledged",
        [MUSTER_TRACE_ADOPTED] = "adopted",
        [MUSTER_TRACE_START_SENT] = "start-sent",
        [MUSTER_TRACE_STARTED] = "started",
        [MUSTER_TRACE_OFF] = "off",
        [MUSTER_TRACE_LEFT] = "left",
        [MUSTER_TRACE_HANDED_BACK] = "handed-back",
        [MUSTER_TRACE_FAILED] = "failed",
        [MUSTER_TRACE_CLOCK] = "clock",
    };
    return (unsigned)event < MUSTER_TRACE_EVENT_COUNT ? names[event] : "unknown";
}

static uint64_t ring_bytes(uint32_t records)
{
    return sizeof(struct muster_trace_ring) +
           (uint64_t)records * sizeof(struct muster_trace_record);
}

static uint64_t trace_bytes(const struct muster_trace *trace)
{
    return sizeof(*trace) + ring_bytes(trace->boot_records) +
           (uint64_t)(trace->ring_count - 1) * ring_bytes(trace->ap_records);
}

static struct muster_trace_ring *ring_at(struct muster_trace *trace, uint32_t number)
{
    uint64_t offset = sizeof(*trace);
    if (number > 0)
        offset += ring_bytes(trace->boot_records) + (number - 1) * ring_bytes(trace->ap_records);
    return (struct muster_trace_ring *)(void *)((uint8_t *)trace + offset);
}

static uint32_t boot_records(uint32_t cpus)
{
    uint32_t records = BOOT_RECORDS_MORE;
    while (records < BOOT_RECORDS_PER_CPU * cpus + BOOT_RECORDS_MORE)
        records *= 2;
    return records;
}

enum muster_status muster_trace_init(struct muster_machine *machine, void *memory, size_t bytes)
{
    uint32_t cpus = machine->cpu_capacity;
    struct muster_trace *trace = memory;
    if (!memory || (uintptr_t)memory % MUSTER_TRACE_ALIGNMENT ||
        cpus > MOST_RECORDS / (2 * BOOT_RECORDS_PER_CPU) ||
        bytes < MUSTER_TRACE_BYTES((uint64_t)cpus))
        return MUSTER_INVALID_ARGUMENT;
    *trace = (struct muster_trace){
        .version = MUSTER_TRACE_VERSION,
        .ring_count = cpus,
        .boot_records = boot_records(cpus),
        .ap_records = MUSTER_TRACE_AP_RECORDS,
    };
    trace->bytes = trace_bytes(trace);
    for (uint32_t i = 0; i < cpus; i++) {
        struct muster_trace_ring *ring = ring_at(trace, i);
        *ring = (struct muster_trace_ring){
            .mask = (i == 0 ? trace->boot_records : trace->ap_records) - 1,
            .apic_id = MUSTER_BSP_UNKNOWN,
        };
    }
    memcpy(trace->magic, MUSTER_TRACE_MAGIC, sizeof(trace->magic)); /* last: now it is one */
    machine->trace = trace;
    return MUSTER_OK;
}

struct muster_trace_ring *trace_ring_of(const struct muster_machine *machine, uint32_t index)
{
    if (!machine->trace)
        return NULL;
    if (index == machine->bsp)
        return ring_at(machine->trace, 0);
    return ring_at(machine->trace, index < machine->bsp ? index + 1 : index);
}

/* ---- Writing ---- */

static void write_now(const struct muster_platform *platform, struct muster_trace_ring *ring,
                      enum muster_trace_event event, uint32_t argument, uint64_t value)
{
    if (ring) /* else the time need not be asked for */
        trace_write(ring, platform->time_ns(platform->context), event, argument, value);
}

void trace_boot(const struct muster_machine *machine, enum muster_trace_event event,
                uint32_t argument, uint64_t value)
{
    write_now(machine->platform, machine->trace ? ring_at(machine->trace, 0) : NULL, event,
              argument, value);
}

void trace_own(const struct muster_slot *slot, enum muster_trace_event event, uint32_t argument,
               uint64_t value)
{
    write_now(slot->machine->platform, slot->trace, event, argument, value);
}

/* ---- Reading ---- */

const struct muster_trace *muster_trace_check(const void *memory, size_t bytes)
{
    const struct muster_trace *trace = memory;
    if (!memory || (uintptr_t)memory % MUSTER_TRACE_ALIGNMENT || bytes < sizeof(*trace) ||
        memcmp(trace->magic, MUSTER_TRACE_MAGIC, sizeof(trace->magic)) != 0 ||
        trace->version != MUSTER_TRACE_VERSION || trace->ring_count == 0 ||
        !is_power_of_two(trace->boot_records) || trace->boot_records > MOST_RECORDS ||
        !is_power_of_two(trace->ap_records) || trace->ap_records > MOST_RECORDS)
        return NULL;
    if (trace->bytes != trace_bytes(trace) || trace->bytes > bytes)
        return NULL;
    for (uint32_t i = 0; i < trace->ring_count; i++)
        if (muster_trace_ring_at(trace, i)->mask !=
            (i == 0 ? trace->boot_records : trace->ap_records) - 1)
            return NULL;
    return trace;
}

const struct muster_trace_ring *muster_trace_ring_at(const struct muster_trace *trace,
                                                     uint32_t number)
{
    return number < trace->ring_count ? ring_at((struct muster_trace *)(uintptr_t)trace, number)
                                      : NULL;
}

static uint64_t written_of(const struct muster_trace_ring *ring)
{
    return __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE);
}

uint64_t muster_trace_oldest(const struct muster_trace_ring *ring)
{
    uint64_t written = written_of(ring);
    return written > ring->mask ? written - ring->mask
                                : 0; /* the last place may be in the making */
}

bool muster_trace_read(const struct muster_trace_ring *ring, uint64_t number,
                       struct muster_trace_record *record)
{
    if (number < muster_trace_oldest(ring) || number >= written_of(ring))
        return false;
    const struct muster_trace_record *from = &ring->records[number & ring->mask];
    /* Acquire: the look at the index below comes after. Its CPU may have come around meanwhile. */
    record->time_ns = __atomic_load_n(&from->time_ns, __ATOMIC_ACQUIRE);
    record->event = __atomic_load_n(&from->event, __ATOMIC_ACQUIRE);
    record->argument = __atomic_load_n(&from->argument, __ATOMIC_ACQUIRE);
    record->value = __atomic_load_n(&from->value, __ATOMIC_ACQUIRE);
    return number >= muster_trace_oldest(ring);
}
