/**
 * What an entry or a node says, in words: for the tables, and beside the raw values in the report.
 */
#ifndef CLI_INSPECT_WORDS_H
#define CLI_INSPECT_WORDS_H

#include "cli/inspect/inspection.h"

/** "Local APIC", "Multiprocessor Wakeup", "type 0x42" ... Caller frees. */
char *entry_type_words(const struct entry *entry);

/** What it says beside its APIC ID: "enabled" ... Caller frees. */
char *entry_words(const struct entry *entry);

/** "CPU", "mailbox" ... */
const char *node_kind_words(enum node_kind kind);

/** "enabled", "may come". */
const char *cpu_state_words(const struct muster_cpu *cpu);

/** "usable", "ACPI NVS" ... */
const char *memory_type_words(enum muster_memory_type type);

/** "MADT, revision 5", "RSDP", "device tree", "memory map of 9 ranges". Caller frees. */
char *input_words(const struct input *input);

#endif
