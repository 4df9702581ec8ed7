/**
 * The rules that tables are held to. docs/inspect.md has the same list; a test compares them.
 */
#ifndef CLI_INSPECT_RULES_H
#define CLI_INSPECT_RULES_H

enum severity {
    SEVERITY_ERROR,   /* Muster or a known kernel does not bring up all CPUs by this */
    SEVERITY_WARNING, /* it depends on the kernel, or on what it does first */
    SEVERITY_NOTE,    /* nothing wrong: good to know */
    SEVERITY_COUNT
};

enum rule_id {
    /* What the library refuses. */
    RULE_RSDP_CHECKSUM,
    RULE_RSDP_LENGTH,
    RULE_RSDP_NO_TABLES,
    RULE_TABLE_CHECKSUM,
    RULE_TABLE_LENGTH,
    RULE_TABLE_TRUNCATED,
    RULE_TABLE_ADDRESS,
    RULE_TABLE_OVERLAP,
    RULE_MADT_TWICE,
    RULE_ENTRY_LENGTH_ZERO,
    RULE_ENTRY_LENGTH,
    RULE_ENTRY_OVERRUN,
    RULE_NO_ENABLED_CPU,
    RULE_BSP_NOT_LISTED,
    RULE_LAPIC_ADDRESS,
    RULE_WAKEUP_LENGTH,
    RULE_WAKEUP_ENTRIES_DIFFER,
    RULE_MAILBOX_VERSION,
    RULE_MAILBOX_ADDRESS,
    RULE_MAILBOX_ALIGNMENT,
    RULE_RESET_VECTOR_ADDRESS,
    RULE_FDT_HEADER,
    RULE_FDT_STRUCTURE,
    RULE_FDT_PROPERTY,
    RULE_FDT_CPU_TWICE,
    RULE_FDT_NO_CPU,
    RULE_FDT_BSP_NOT_LISTED,
    RULE_FDT_MAILBOX_REGION,
    RULE_FDT_TWO_MAILBOXES,
    RULE_SOURCES_CPUS_DIFFER,
    RULE_SOURCES_MAILBOX_DIFFERS,
    RULE_NO_WAY,
    RULE_APIC_ID_NEEDS_X2APIC,

    /* What it accepts, and what others stumble over. */
    RULE_APIC_ID_TWICE,
    RULE_CPU_IN_BOTH_FORMS,
    RULE_ACPI_UID_TWICE,
    RULE_LOCAL_APIC_ID_255,
    RULE_X2APIC_ID_NONE,
    RULE_X2APIC_ENTRY_BELOW_255,
    RULE_ONLINE_CAPABLE_TOO_EARLY,
    RULE_ENABLED_AND_ONLINE_CAPABLE,
    RULE_CPUS_DISABLED,
    RULE_CPUS_MAY_COME,
    RULE_BSP_NOT_FIRST,
    RULE_ENTRY_TYPE_UNKNOWN,
    RULE_WAKEUP_V1_IN_16_BYTES,
    RULE_WAKEUP_V0_WITH_RESET,
    RULE_WAKEUP_ENTRY_TWICE,
    RULE_WAKEUP_RESERVED_FIELD,
    RULE_MAILBOX_IN_USABLE_MEMORY,
    RULE_MAILBOX_NOT_NVS,
    RULE_MAILBOX_OUTSIDE_MAP,
    RULE_MAILBOX_ABOVE_4G,
    RULE_MAILBOX_UNCHECKED,
    RULE_MAILBOX_IN_ONE_SOURCE,
    RULE_TDVF_MEMORY_USABLE,
    RULE_SRAT_UNKNOWN_CPU,
    RULE_SRAT_CPU_TWICE,
    RULE_TABLE_LONGER_IN_FILE,
    RULE_NO_CPU_SOURCE,
    RULE_ROOT_NOT_USED,
    RULE_MAP_OVERLAP,
    RULE_MAP_RANGE,
    RULE_COUNT
};

struct rule {
    const char *name;
    enum severity severity;
    const char *source; /* a specification's section, or where the bug is known from */
    const char *what;   /* one line for the list */
    const char *advice; /* NULL: the library's own words on the status */
};

const struct rule *rule_of(enum rule_id id);

/** "error", "warning", "note". */
const char *severity_name(enum severity severity);

/** The list as Markdown rows, as in docs/inspect.md, on stdout. */
void rules_print(void);

#endif
