#include "cli/inspect/words.h"

#include <string.h>

#include "boot/plural.h"

#define HEX "0x%" G_GINT64_MODIFIER "x"

static bool is_madt(const struct entry *entry)
{
    return g_str_equal(entry->input->signature, ACPI_SIGNATURE_MADT);
}

char *entry_type_words(const struct entry *entry)
{
    static const char *const madt[] = {
        "Local APIC",
        "I/O APIC",
        "Interrupt Source Override",
        "NMI Source",
        "Local APIC NMI",
        "Local APIC Address Override",
        "I/O SAPIC",
        "Local SAPIC",
        "Platform Interrupt Sources",
        "Local x2APIC",
        "Local x2APIC NMI",
        "GIC CPU Interface",
        "GIC Distributor",
        "GIC MSI Frame",
        "GIC Redistributor",
        "GIC ITS",
        "Multiprocessor Wakeup",
    };
    static const char *const srat[] = {"Local APIC Affinity", "Memory Affinity",
                                       "Local x2APIC Affinity"};
    const char *const *names = is_madt(entry) ? madt : srat;
    gsize count = is_madt(entry) ? G_N_ELEMENTS(madt) : G_N_ELEMENTS(srat);
    guint type = entry->raw.head.type;
    return type < count ? g_strdup(names[type]) : g_strdup_printf("type 0x%02x", type);
}

static const char *flags_words(const struct entry *entry, guint32 flags)
{
    bool may_come = flags & ACPI_MADT_ONLINE_CAPABLE;
    if (flags & ACPI_MADT_ENABLED)
        return may_come ? "enabled, online-capable" : "enabled";
    if (may_come)
        return entry->revision >= ACPI_MADT_ONLINE_CAPABLE_REVISION
                   ? "online-capable"
                   : "disabled (online-capable, but revision < 5)";
    return "disabled";
}

static char *nmi_words(guint32 uid, guint32 all, guint lint)
{
    return uid == all ? g_strdup_printf("all CPUs, LINT%u", lint)
                      : g_strdup_printf("ACPI UID %u, LINT%u", uid, lint);
}

static char *wakeup_words(const struct acpi_madt_wakeup *wakeup)
{
    GString *text = g_string_new(NULL);
    g_string_printf(text, "mailbox " HEX ", version %u", (guint64)wakeup->mailbox_address,
                    wakeup->mailbox_version);
    if (wakeup->entry.length >= ACPI_MADT_WAKEUP_BYTES_V1)
        g_string_append_printf(text, ", ResetVector " HEX, (guint64)wakeup->reset_vector);
    else
        g_string_append(text, ", no ResetVector");
    return g_string_free(text, FALSE);
}

static char *madt_words(const struct entry *entry)
{
    const union acpi_entry *raw = &entry->raw;
    switch (raw->head.type) {
    case ACPI_MADT_LOCAL_APIC:
        return g_strdup_printf("ACPI UID %u, %s", raw->local_apic.processor_uid,
                               flags_words(entry, raw->local_apic.flags));
    case ACPI_MADT_LOCAL_X2APIC:
        return g_strdup_printf("ACPI UID %u, %s", raw->x2apic.processor_uid,
                               flags_words(entry, raw->x2apic.flags));
    case ACPI_MADT_IO_APIC:
        return g_strdup_printf("ID %u at 0x%x, interrupts from %u", raw->io_apic.io_apic_id,
                               raw->io_apic.address, raw->io_apic.interrupt_base);
    case ACPI_MADT_INTERRUPT_OVERRIDE:
        return g_strdup_printf("IRQ %u is interrupt %u, flags 0x%x", raw->interrupt_override.source,
                               raw->interrupt_override.interrupt, raw->interrupt_override.flags);
    case ACPI_MADT_NMI_SOURCE:
        return g_strdup_printf("interrupt %u", raw->nmi_source.interrupt);
    case ACPI_MADT_LAPIC_NMI:
        return nmi_words(raw->lapic_nmi.processor_uid, UINT8_MAX, raw->lapic_nmi.lint);
    case ACPI_MADT_X2APIC_NMI:
        return nmi_words(raw->x2apic_nmi.processor_uid, UINT32_MAX, raw->x2apic_nmi.lint);
    case ACPI_MADT_LAPIC_ADDRESS_OVERRIDE:
        return g_strdup_printf("local APIC at " HEX, (guint64)raw->lapic_address.address);
    case ACPI_MADT_WAKEUP:
        return wakeup_words(&raw->wakeup);
    default:
        return g_strdup("skipped by its length");
    }
}

char *entry_words(const struct entry *entry)
{
    const struct acpi_srat_memory *memory = &entry->raw.srat_memory;
    guint32 apic_id, node;
    if (is_madt(entry))
        return madt_words(entry);
    if (entry_is_affinity(entry, &apic_id, &node))
        return g_strdup_printf("node %u", node);
    if (entry->raw.head.type == ACPI_SRAT_MEMORY && memory->flags & ACPI_SRAT_ENABLED)
        return g_strdup_printf("node %u: " HEX " and " HEX " bytes", memory->domain,
                               (guint64)memory->start_phys, (guint64)memory->bytes);
    return g_strdup(entry->raw.head.type <= ACPI_SRAT_LOCAL_X2APIC ? "disabled" : "skipped");
}

const char *node_kind_words(enum node_kind kind)
{
    static const char *const names[] = {"reservation", "CPU", "reserved memory", "mailbox"};
    return names[kind];
}

const char *cpu_state_words(const struct muster_cpu *cpu)
{
    return cpu->enabled ? "enabled" : "may come";
}

const char *memory_type_words(enum muster_memory_type type)
{
    static const char *const names[] = {
        [MUSTER_MEMORY_USABLE] = "usable",     [MUSTER_MEMORY_ACPI] = "ACPI tables",
        [MUSTER_MEMORY_NVS] = "ACPI NVS",      [MUSTER_MEMORY_RESERVED] = "reserved",
        [MUSTER_MEMORY_UNUSABLE] = "unusable",
    };
    return names[type];
}

static guint revision_of(const struct input *input)
{
    gsize count;
    const guint8 *data = g_bytes_get_data(input->bytes, &count);
    gsize at = input->kind == INPUT_RSDP ? offsetof(struct acpi_rsdp, revision)
                                         : offsetof(struct acpi_header, revision);
    return count > at ? data[at] : 0;
}

char *input_words(const struct input *input)
{
    switch (input->kind) {
    case INPUT_RSDP:
        return g_strdup_printf("RSDP, revision %u", revision_of(input));
    case INPUT_TABLE:
        return g_strdup_printf(
            "%s, revision %u",
            g_str_equal(input->signature, ACPI_SIGNATURE_MADT) ? "MADT" : input->signature,
            revision_of(input));
    case INPUT_FDT:
        return g_strdup("device tree");
    case INPUT_MAP:
        break;
    }
    return g_strdup_printf("memory map, %u %s", input->ranges->len,
                           plural(input->ranges->len, "range", "ranges"));
}
