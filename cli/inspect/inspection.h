/**
 * One look at one machine's tables: what was given, what the library makes of it, and what is
 * wrong with it.
 */
#ifndef CLI_INSPECT_INSPECTION_H
#define CLI_INSPECT_INSPECTION_H

#include <stdbool.h>

#include <glib.h>

#include <muster/memory.h>
#include <muster/wake.h>

#include "cli/inspect/input.h"
#include "cli/inspect/memory.h"
#include "cli/inspect/rules.h"
#include "lib/firmware/acpi_entries.h"

/** More entries than these are read and judged, but not kept to be shown. */
#define ENTRIES_SHOWN_MAX 65536u
/** And so are more findings of one rule. */
#define FINDINGS_OF_RULE_MAX 64u

/** What is known of the machine beside its tables. */
struct premises {
    bool td;             /* it is an Intel TD */
    bool own;            /* it is the one that runs this: ask its CPUID and MSRs */
    guint32 bsp_apic_id; /* MUSTER_BSP_UNKNOWN if nobody says */
};

struct finding {
    enum rule_id rule;
    char *what;                /* a sentence with the values */
    char *advice;              /* what to do */
    bool likely;               /* an inference; else it is sure */
    const struct input *input; /* NULL: all of them together, or one that was made */
    guint32 entry;             /* number within it; NO_PLACE: none */
    guint32 offset;            /* in bytes; NO_PLACE: none */
    bool has_values;
    guint64 found, wanted;
};

#define NO_PLACE 0xFFFFFFFFu

/** An entry of a MADT or SRAT. */
struct entry {
    const struct input *input;
    guint32 number, offset;
    guint8 revision; /* its table's */
    union acpi_entry raw;
};

enum node_kind {
    NODE_RESERVE, /* of the tree's reserve map */
    NODE_CPU,
    NODE_MEMORY, /* other children of /reserved-memory */
    NODE_MAILBOX,
};

/** What matters of a device tree, one for each entry of a reg. */
struct node {
    enum node_kind kind;
    guint32 number, offset;
    bool available;
    guint32 numa_node;
    guint64 start; /* an address, or an APIC ID */
    guint64 bytes;
};

struct inspection {
    GPtrArray *inputs; /* the caller's */
    struct premises premises;

    /* Laid out (layout.c). */
    struct memory *memory;
    struct input *madt, *srat, *fdt; /* the first of each, or NULL */
    guint64 rsdp_phys;               /* 0: no ACPI table is given */
    bool root_made;                  /* RSDP and XSDT are ours */

    /* Decoded (decode.c). */
    GArray *entries; /* struct entry */
    GArray *nodes;   /* struct node */
    bool not_all_kept;

    /* Discovered and planned, by the library (discover.c). */
    struct muster_platform platform;
    bool x2apic; /* the mode that the plan is made for */
    int msr_fd;  /* of this machine's CPU 0, or -1 */
    struct muster_machine machine;
    struct muster_memory_map map;
    bool has_map;
    enum muster_status discovery, planned; /* MUSTER_NOT_SUPPORTED: there was nothing to read */
    struct muster_plan plan;

    GPtrArray *findings; /* struct finding, in the order that they were found */
    guint per_rule[RULE_COUNT];
    guint per_severity[SEVERITY_COUNT];
};

/** Look at @inputs, which must outlive the answer. @premises as the caller knows them. */
struct inspection *inspection_of(GPtrArray *inputs, const struct premises *premises,
                                 GError **error);
void inspection_free(struct inspection *inspection);

/* ---- The steps, in their order ---- */

/** False: two device trees, as a CLI_USAGE error. */
bool inspection_lay_out(struct inspection *inspection, GError **error);
void inspection_decode(struct inspection *inspection);
void inspection_discover(struct inspection *inspection);
void inspection_plan(struct inspection *inspection);
void inspection_check_entries(struct inspection *inspection);
void inspection_check_nodes(struct inspection *inspection);
void inspection_check_memory(struct inspection *inspection);
void inspection_check_mailbox(struct inspection *inspection);
void inspection_check_inputs(struct inspection *inspection);

/* ---- For the steps ---- */

/** The platform that stands for the machine. */
void inspection_open_platform(struct inspection *inspection);

/** Hear the library: struct muster_listener's. */
void inspection_hear(void *inspection, const struct muster_finding *refusal);

/** A finding at a place, in the rule's own advice; as inspection_keep(). */
struct finding *inspection_find(struct inspection *inspection, enum rule_id rule,
                                const struct input *input, guint32 entry, guint32 offset,
                                const char *format, ...) G_GNUC_PRINTF(6, 7);

/**
 * The finding is kept, with its texts, which become the inspection's; unless it is known, or its
 * rule has enough: then it is only counted. Gives the one that is kept, or NULL.
 */
struct finding *inspection_keep(struct inspection *inspection, const struct finding *finding);

/** The input that lies at @phys, or NULL. */
const struct input *inspection_input_at(const struct inspection *inspection, guint64 phys);

/** Whether an entry is of a processor, and then which and what its flags are. */
bool entry_is_cpu(const struct entry *entry, guint32 *apic_id, guint32 *flags);
/** Whether it is a processor that counts: enabled, or one that may come. */
bool entry_is_usable_cpu(const struct entry *entry, guint32 *apic_id);
/** The same for the SRAT: the processor's NUMA node. */
bool entry_is_affinity(const struct entry *entry, guint32 *apic_id, guint32 *node);

/** "0-3, 8": of numbers in any order, each once. Caller frees. */
char *numbers_text(GArray *numbers);

#endif
