/**
 * Counts INITs and SIPIs in QEMU's trace of writes to the local APIC: what a guest really did,
 * seen from outside. Where the shim hands over is a mark among them (abi/handover.h). Plain C;
 * reads one line at a time.
 */
#ifndef CLI_APIC_TRACE_H
#define CLI_APIC_TRACE_H

#include <stdbool.h>
#include <stdint.h>

struct apic_trace_counts {
    uint64_t init;
    uint64_t sipi;
};

struct apic_trace {
    bool marked;                     /* HANDOVER_MARK was seen: the shim has handed over */
    struct apic_trace_counts before; /* firmware's and the shim's own */
    struct apic_trace_counts after;  /* the guest's */
};

/**
 * The QEMU event that shows these writes: its name changed with QEMU 9, and QEMU only warns of an
 * unknown one (all counts would be zero).
 */
const char *apic_trace_event(unsigned qemu_major);

/** A line of that event: the register's offset as in MMIO, and what was written. */
bool apic_trace_read(const char *line, uint64_t *offset, uint64_t *value);

/** What a write to APIC_ICR_LOW sends. */
bool apic_trace_is_init(uint64_t icr);
bool apic_trace_is_sipi(uint64_t icr);

void apic_trace_line(struct apic_trace *trace, const char *line);

/**
 * Can the counts be believed? Only if the mark was seen and, with more than one CPU, the INITs
 * that firmware and the shim must have sent before it.
 */
bool apic_trace_sees(const struct apic_trace *trace, unsigned cpus);

#endif
