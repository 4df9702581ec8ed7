/**
 * The trace: what each CPU did in its bring-up, and when, in memory that outlives a crash.
 *
 * One ring of records per CPU, all in one block of memory that the host gives. Only the CPU
 * itself writes its ring, with plain stores and never with a lock, so that the trace may stay on;
 * what is sent to another CPU (a wake, a start) is in the sender's ring. The first ring is that
 * of the CPU that discovers, the BSP. When a ring is full the oldest records go.
 *
 * The block begins with a magic number and holds no pointer: a debugger finds it by
 * muster_machine.trace, and whoever comes after a crash by looking for the magic at the start of
 * each page (the host puts the block there) and asking muster_trace_check().
 */
#ifndef MUSTER_TRACE_H
#define MUSTER_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <muster/machine.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What happened; in brackets the record's argument and value, where it has any. */
enum muster_trace_event {
    MUSTER_TRACE_NONE = 0,

    /* The moments that muster_slot.stamps_ns sums up, in the order of enum muster_stamp. */
    MUSTER_TRACE_WAKE_SENT,         /* by the sender [APIC ID, enum muster_way] */
    MUSTER_TRACE_FIRST_INSTRUCTION, /* all from here to ON: by the CPU itself */
    MUSTER_TRACE_LONG_MODE,
    MUSTER_TRACE_OWN_TABLES,
    MUSTER_TRACE_PARKED,
    MUSTER_TRACE_ON, /* each time anew */

    MUSTER_TRACE_DISCOVERED,           /* [number of CPUs, the BSP's APIC ID] */
    MUSTER_TRACE_PLANNED,              /* [enum muster_way, 1 by the x2APIC] */
    MUSTER_TRACE_PREPARED,             /* [number of CPUs, entry memory's address] */
    MUSTER_TRACE_WAKE_AGAIN,           /* [attempt, CPUs that had not come] */
    MUSTER_TRACE_MAILBOX_TEST,         /* [APIC ID] */
    MUSTER_TRACE_MAILBOX_ACKNOWLEDGED, /* [APIC ID, command] */
    MUSTER_TRACE_ADOPTED,              /* [enum muster_status] */
    MUSTER_TRACE_START_SENT,           /* [APIC ID] */
    MUSTER_TRACE_STARTED,              /* [enum muster_status] */
    MUSTER_TRACE_OFF,                  /* on the CPU: back in the park area */
    MUSTER_TRACE_LEFT,                 /* on the CPU: to the firmware */
    MUSTER_TRACE_HANDED_BACK,          /* [APIC ID, enum muster_status] */
    MUSTER_TRACE_FAILED,               /* [APIC ID, enum muster_status] */
    MUSTER_TRACE_CLOCK,                /* [1 if corrected, offset to the BSP in ticks, signed] */
    MUSTER_TRACE_EVENT_COUNT,
};

/** "wake-sent" ...: as reports spell it. Never NULL. */
const char *muster_trace_event_name(enum muster_trace_event event);

/** One event, and when. */
struct muster_trace_record {
    uint64_t time_ns; /* on the scale of time_ns */
    uint32_t event;   /* enum muster_trace_event */
    uint32_t argument;
    uint64_t value;
};

#define MUSTER_TRACE_MAGIC      "MUSTRACE" /* its eight letters, without the end */
#define MUSTER_TRACE_VERSION    1u
#define MUSTER_TRACE_ALIGNMENT  64u
#define MUSTER_TRACE_AP_RECORDS 32u /* a bring-up is 6 */

/** A ring's head; its records follow. Layout of version 1, as the other two structures here. */
struct muster_trace_ring {
    uint64_t written; /* records ever written; the next goes to number (written & mask) */
    uint32_t mask;    /* number of records - 1; a power of two - 1 */
    uint32_t apic_id;
    uint8_t reserved[48];
    struct muster_trace_record records[];
};

/** The block's head; the BSP's ring follows, then the other CPUs' in the order of the tables. */
struct muster_trace {
    char magic[8];
    uint32_t version;
    uint32_t ring_count;
    uint32_t boot_records; /* of the first ring */
    uint32_t ap_records;   /* of each of the others */
    uint64_t bytes;        /* of all of it */
    uint8_t reserved[32];
};

/**
 * Memory enough for a machine of at most @cpus CPUs to come up without losing a record: the
 * BSP's ring takes three records for each (wake, acknowledgement, start) and 64 others.
 */
#define MUSTER_TRACE_BYTES(cpus)                                                                   \
    (sizeof(struct muster_trace) +                                                                 \
     (cpus) * (sizeof(struct muster_trace_ring) +                                                  \
               MUSTER_TRACE_AP_RECORDS * sizeof(struct muster_trace_record)) +                     \
     2u * (3u * (cpus) + 64u) * sizeof(struct muster_trace_record))

/**
 * Begin a trace of @machine in @memory, aligned to MUSTER_TRACE_ALIGNMENT, better to a page, and
 * mapped by park_cr3 as the slots are. After muster_machine_init(), best before discovery. At
 * least MUSTER_TRACE_BYTES(cpu_capacity) bytes, else MUSTER_INVALID_ARGUMENT. Without this call
 * nothing is traced.
 */
enum muster_status muster_trace_init(struct muster_machine *machine, void *memory, size_t bytes);

/**
 * The trace at @memory, of which @bytes may be read, or NULL if there is none that is whole:
 * magic, version and sizes must agree. Whatever lies there, nothing beyond it is touched.
 */
const struct muster_trace *muster_trace_check(const void *memory, size_t bytes);

/** Ring @number of a trace (0: the BSP's); NULL if there is none. */
const struct muster_trace_ring *muster_trace_ring_at(const struct muster_trace *trace,
                                                     uint32_t number);

/** The oldest record that a ring still has, counted from its first ever; written: there is none. */
uint64_t muster_trace_oldest(const struct muster_trace_ring *ring);

/** Copy record @number; false if it is not there (yet, or any more). Any CPU, any time. */
bool muster_trace_read(const struct muster_trace_ring *ring, uint64_t number,
                       struct muster_trace_record *record);

#ifdef __cplusplus
}
#endif
#endif
