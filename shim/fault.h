/**
 * What a firmware does wrong, on purpose (fault=NAME or fault=NAME:APIC-ID): for tests of who has
 * to live with it. The names are those of tests/faults/list.c.
 */
#ifndef SHIM_FAULT_H
#define SHIM_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum shim_fault_kind {
    SHIM_FAULT_NONE,
    SHIM_FAULT_DEAD,               /* the AP is told of, and never looks */
    SHIM_FAULT_LATE,               /* it takes its command, and follows it seconds later */
    SHIM_FAULT_NOT_ACKNOWLEDGED,   /* it follows its command, and does not take it back */
    SHIM_FAULT_ACKNOWLEDGED_TWICE, /* it takes the next command back, which is another AP's */
    SHIM_FAULT_UNKNOWN_COMMAND,    /* it leaves a command that nobody knows */
    SHIM_FAULT_VECTOR_OVERWRITTEN, /* it follows a vector that is the next AP's */
    SHIM_FAULT_UNCOUNTED,          /* the tables do not list it */
    SHIM_FAULT_UNKNOWN_ID,         /* the MADT lists it with an ID that nobody has */
    SHIM_FAULT_TABLES_TRAMPLED,    /* the MADT is overwritten */
    SHIM_FAULT_NO_LOW_MEMORY,      /* nothing below 1 MiB is usable */
    SHIM_FAULT_MAILBOX_SHARED,     /* a TD's MADT has the mailbox where the host writes, too */
    SHIM_FAULT_KINDS
};

struct shim_fault {
    enum shim_fault_kind kind;
    uint32_t apic_id; /* whose it is */
};

struct muster_machine;
struct muster_slot;

#define SHIM_FAULT_ID_DISTANCE 64u /* from an AP's ID to the one that nobody has */

/** NULL, or a sentence that says what is wrong with the option. */
const char *shim_fault_read(const char *cmdline, struct shim_fault *fault);

/** The same once the processors are known: a fault that nobody can have would go unseen. */
const char *shim_fault_check(const struct shim_fault *fault, const struct muster_machine *machine);

/** On an AP, before each look at the mailbox: may take it away for good. */
void shim_fault_at_mailbox(struct muster_slot *slot);

/** What the MADT says of the processor with this ID; false: nothing. */
bool shim_fault_lists(uint32_t *apic_id);

/** The mailbox's address as the MADT has it. */
uint64_t shim_fault_mailbox(uint64_t phys);

/** On the BSP, once all that the OS gets is written, and before the memory map is. */
void shim_fault_publish(uint8_t *madt);

#endif
