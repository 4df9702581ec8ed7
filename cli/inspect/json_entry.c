/* What the bytes of an entry mean, one by one: the structures of abi/acpi.h by their members'
 * names. */
#include <stddef.h>
#include <string.h>

#include "cli/inspect/json_entry.h"

struct field {
    guint8 type; /* of the entry */
    const char *name;
    gsize at, bytes;
};

#define FIELD(type, structure, member)                                                             \
    {                                                                                              \
        type, #member, offsetof(struct structure, member),                                         \
            sizeof(((struct structure *)NULL)->member)                                             \
    }

static const struct field madt_fields[] = {
    FIELD(ACPI_MADT_LOCAL_APIC, acpi_madt_local_apic, processor_uid),
    FIELD(ACPI_MADT_LOCAL_APIC, acpi_madt_local_apic, apic_id),
    FIELD(ACPI_MADT_LOCAL_APIC, acpi_madt_local_apic, flags),
    FIELD(ACPI_MADT_IO_APIC, acpi_madt_io_apic, io_apic_id),
    FIELD(ACPI_MADT_IO_APIC, acpi_madt_io_apic, address),
    FIELD(ACPI_MADT_IO_APIC, acpi_madt_io_apic, interrupt_base),
    FIELD(ACPI_MADT_INTERRUPT_OVERRIDE, acpi_madt_interrupt_override, bus),
    FIELD(ACPI_MADT_INTERRUPT_OVERRIDE, acpi_madt_interrupt_override, source),
    FIELD(ACPI_MADT_INTERRUPT_OVERRIDE, acpi_madt_interrupt_override, interrupt),
    FIELD(ACPI_MADT_INTERRUPT_OVERRIDE, acpi_madt_interrupt_override, flags),
    FIELD(ACPI_MADT_NMI_SOURCE, acpi_madt_nmi_source, flags),
    FIELD(ACPI_MADT_NMI_SOURCE, acpi_madt_nmi_source, interrupt),
    FIELD(ACPI_MADT_LAPIC_NMI, acpi_madt_lapic_nmi, processor_uid),
    FIELD(ACPI_MADT_LAPIC_NMI, acpi_madt_lapic_nmi, flags),
    FIELD(ACPI_MADT_LAPIC_NMI, acpi_madt_lapic_nmi, lint),
    FIELD(ACPI_MADT_LAPIC_ADDRESS_OVERRIDE, acpi_madt_lapic_address_override, address),
    FIELD(ACPI_MADT_LOCAL_X2APIC, acpi_madt_local_x2apic, apic_id),
    FIELD(ACPI_MADT_LOCAL_X2APIC, acpi_madt_local_x2apic, flags),
    FIELD(ACPI_MADT_LOCAL_X2APIC, acpi_madt_local_x2apic, processor_uid),
    FIELD(ACPI_MADT_X2APIC_NMI, acpi_madt_x2apic_nmi, flags),
    FIELD(ACPI_MADT_X2APIC_NMI, acpi_madt_x2apic_nmi, processor_uid),
    FIELD(ACPI_MADT_X2APIC_NMI, acpi_madt_x2apic_nmi, lint),
    FIELD(ACPI_MADT_WAKEUP, acpi_madt_wakeup, mailbox_version),
    FIELD(ACPI_MADT_WAKEUP, acpi_madt_wakeup, reserved),
    FIELD(ACPI_MADT_WAKEUP, acpi_madt_wakeup, mailbox_address),
    FIELD(ACPI_MADT_WAKEUP, acpi_madt_wakeup, reset_vector),
};

static const struct field srat_fields[] = {
    FIELD(ACPI_SRAT_LOCAL_APIC, acpi_srat_local_apic, apic_id),
    FIELD(ACPI_SRAT_LOCAL_APIC, acpi_srat_local_apic, flags),
    FIELD(ACPI_SRAT_LOCAL_APIC, acpi_srat_local_apic, clock_domain),
    FIELD(ACPI_SRAT_MEMORY, acpi_srat_memory, domain),
    FIELD(ACPI_SRAT_MEMORY, acpi_srat_memory, start_phys),
    FIELD(ACPI_SRAT_MEMORY, acpi_srat_memory, bytes),
    FIELD(ACPI_SRAT_MEMORY, acpi_srat_memory, flags),
    FIELD(ACPI_SRAT_LOCAL_X2APIC, acpi_srat_local_x2apic, domain),
    FIELD(ACPI_SRAT_LOCAL_X2APIC, acpi_srat_local_x2apic, apic_id),
    FIELD(ACPI_SRAT_LOCAL_X2APIC, acpi_srat_local_x2apic, flags),
    FIELD(ACPI_SRAT_LOCAL_X2APIC, acpi_srat_local_x2apic, clock_domain),
};

/* Little endian, as this processor is. JSON's numbers do not hold 64 bits: those are text. */
static void set_field(JsonObject *object, const struct field *field, const union acpi_entry *raw)
{
    guint64 value = 0;
    memcpy(&value, raw->bytes + field->at, field->bytes);
    if (field->bytes < sizeof(value)) {
        json_object_set_int_member(object, field->name, (gint64)value);
        return;
    }
    char text[24];
    g_snprintf(text, sizeof(text), "0x%" G_GINT64_MODIFIER "x", value);
    json_object_set_string_member(object, field->name, text);
}

static void set_fields(JsonObject *object, const struct field *fields, gsize count,
                       const union acpi_entry *raw)
{
    for (gsize i = 0; i < count; i++) {
        if (fields[i].type == raw->head.type && fields[i].at + fields[i].bytes <= raw->head.length)
            set_field(object, &fields[i], raw);
    }
}

JsonObject *entry_fields(const struct entry *entry)
{
    JsonObject *object = json_object_new();
    guint32 apic_id, node;
    if (g_str_equal(entry->input->signature, ACPI_SIGNATURE_MADT))
        set_fields(object, madt_fields, G_N_ELEMENTS(madt_fields), &entry->raw);
    else
        set_fields(object, srat_fields, G_N_ELEMENTS(srat_fields), &entry->raw);
    /* The one field that lies in two places. */
    if (entry_is_affinity(entry, &apic_id, &node))
        json_object_set_int_member(object, "domain", node);
    return object;
}
