/* The option fault=. */
#include <muster/machine.h>

#include "abi/acpi.h"
#include "boot/console.h"
#include "shim/fault.h"

static const char *const names[SHIM_FAULT_KINDS] = {
    [SHIM_FAULT_DEAD] = "dead",
    [SHIM_FAULT_LATE] = "late",
    [SHIM_FAULT_NOT_ACKNOWLEDGED] = "not-acknowledged",
    [SHIM_FAULT_ACKNOWLEDGED_TWICE] = "acknowledged-twice",
    [SHIM_FAULT_UNKNOWN_COMMAND] = "unknown-command",
    [SHIM_FAULT_VECTOR_OVERWRITTEN] = "vector-overwritten",
    [SHIM_FAULT_UNCOUNTED] = "uncounted",
    [SHIM_FAULT_UNKNOWN_ID] = "unknown-id",
    [SHIM_FAULT_TABLES_TRAMPLED] = "tables-trampled",
    [SHIM_FAULT_NO_LOW_MEMORY] = "no-low-memory",
    [SHIM_FAULT_MAILBOX_SHARED] = "mailbox-shared",
};

/* Those from here on are the machine's, and nobody's of its own. */
static bool is_of_machine(unsigned kind)
{
    return kind >= SHIM_FAULT_TABLES_TRAMPLED;
}

const char *shim_fault_read(const char *cmdline, struct shim_fault *fault)
{
    static const char *const wrong = "fault must be a name of docs/shim.md, with :APIC-ID behind "
                                     "one that is a processor's";
    char text[40];
    uint64_t id = 0;
    *fault = (struct shim_fault){0};
    int length = cmdline_value(cmdline, "fault", text, sizeof(text));
    if (length < 0)
        return NULL;
    if (length >= (int)sizeof(text))
        return wrong;
    size_t end = 0;
    while (text[end] && text[end] != ':')
        end++;
    bool has_id = text[end] == ':';
    if (has_id && (parse_number(text + end + 1, &id) || id > UINT32_MAX))
        return wrong;
    text[end] = 0;
    for (unsigned kind = SHIM_FAULT_NONE + 1; kind < SHIM_FAULT_KINDS; kind++)
        if (!strcmp(text, names[kind]) && has_id != is_of_machine(kind))
            *fault = (struct shim_fault){(enum shim_fault_kind)kind, (uint32_t)id};
    return fault->kind ? NULL : wrong;
}

/* In an entry of the MADT that has 8 bits for it, if the AP's own does. */
static bool is_free_id(const struct muster_machine *machine, uint32_t apic_id)
{
    uint32_t other = apic_id + SHIM_FAULT_ID_DISTANCE;
    return muster_machine_find(machine, other) < 0 &&
           (apic_id >= ACPI_LOCAL_APIC_ID_NONE || other < ACPI_LOCAL_APIC_ID_NONE);
}

const char *shim_fault_check(const struct shim_fault *fault, const struct muster_machine *machine)
{
    if (fault->kind == SHIM_FAULT_MAILBOX_SHARED && !machine->confidential)
        return "fault=mailbox-shared: all memory is shared here, since this is no TD";
    if (fault->kind == SHIM_FAULT_NONE || is_of_machine(fault->kind))
        return NULL;
    int32_t index = muster_machine_find(machine, fault->apic_id);
    if (index < 0 || (uint32_t)index == machine->bsp)
        return "fault: no AP of this machine has that APIC ID";
    if (fault->kind == SHIM_FAULT_UNKNOWN_ID && !is_free_id(machine, fault->apic_id))
        return "fault=unknown-id: the ID that is 64 higher is another's, or does not fit";
    return NULL;
}
