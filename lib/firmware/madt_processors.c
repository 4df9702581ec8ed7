/* The MADT's processors: local APICs and x2APICs (ACPI 6.6, 5.2.12.2 and 5.2.12.12). */
#include "abi/acpi.h"
#include "lib/firmware/madt.h"
#include "lib/machine.h"

/*
 * Firmware lists a processor as local APIC and as x2APIC, often with one of the two disabled
 * (asterinas #1963 counted each twice). Disabled ones never get here. NULL: what was listed stays.
 */
static struct muster_cpu *merge(struct muster_machine *machine, struct muster_cpu *listed,
                                bool enabled)
{
    machine->duplicate_count++;
    return enabled && !listed->enabled ? listed : NULL;
}

/*
 * Disabled, in a MADT that cannot say whether it may come later: it waits at the far end of the
 * caller's storage, and is written over by processors that are there. NULL: it does not wait.
 */
static struct muster_cpu *set_aside(struct madt *madt)
{
    struct muster_machine *machine = madt->machine;

    machine->disabled_count++;
    if (!machine->keep_disabled || machine->madt_revision >= ACPI_MADT_ONLINE_CAPABLE_REVISION ||
        machine->cpu_count + madt->aside_count >= machine->cpu_capacity) {
        return NULL;
    }
    madt->aside_count++;
    return &machine->cpus[machine->cpu_capacity - madt->aside_count];
}

/*
 * Now that all others are known: IDs that are listed anyway stay dropped. The last one set aside
 * lies first, so they are turned around, and then none is written over before it is read.
 */
void madt_take_aside(struct madt *madt)
{
    struct muster_machine *machine = madt->machine;
    uint32_t room = machine->cpu_capacity - machine->cpu_count;
    uint32_t count = madt->aside_count < room ? madt->aside_count : room;
    struct muster_cpu *first = &machine->cpus[machine->cpu_capacity - count];

    for (uint32_t i = 0; i < count / 2; i++) {
        struct muster_cpu cpu = first[i];
        first[i] = first[count - 1 - i];
        first[count - 1 - i] = cpu;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct muster_cpu cpu = first[i];
        cpu.online_capable = true;
        if (muster_machine_find(machine, cpu.apic_id) < 0 && machine_add(machine, &cpu)) {
            machine->disabled_count--;
        }
    }
}

static enum muster_status take_processor(struct madt *madt, uint32_t apic_id, uint32_t acpi_uid,
                                         uint32_t flags)
{
    struct muster_machine *machine = madt->machine;
    struct muster_index_entry *place = machine_place(machine, apic_id);
    bool enabled = (flags & ACPI_MADT_ENABLED) != 0;
    bool online_capable = !enabled && (flags & ACPI_MADT_ONLINE_CAPABLE) != 0 &&
                          machine->madt_revision >= ACPI_MADT_ONLINE_CAPABLE_REVISION;
    struct muster_cpu *cpu;

    if (!enabled && !online_capable) {
        cpu = set_aside(madt);
    } else if (place->number != 0) {
        cpu = merge(machine, &machine->cpus[place->number - 1], enabled);
    } else {
        cpu = machine_append(machine, place, apic_id);
        if (cpu == NULL) {
            return madt_refuse(madt, MUSTER_ERROR_MADT_TOO_MANY_CPUS, 0,
                               (uint64_t)machine->cpu_count + 1, machine->cpu_capacity);
        }
    }
    if (cpu != NULL) {
        *cpu = (struct muster_cpu){
            .apic_id = apic_id,
            .acpi_uid = acpi_uid,
            .numa_node = MUSTER_NUMA_NODE_UNKNOWN,
            .sources = MUSTER_SOURCE_ACPI,
            .enabled = enabled,
            .online_capable = online_capable,
        };
    }
    return MUSTER_OK;
}

enum muster_status madt_take_local_apic(struct madt *madt, const struct acpi_madt_local_apic *entry)
{
    if (entry->apic_id == ACPI_LOCAL_APIC_ID_NONE) {
        madt->machine->invalid_count++;
        return MUSTER_OK;
    }
    return take_processor(madt, entry->apic_id, entry->processor_uid, entry->flags);
}

enum muster_status madt_take_x2apic(struct madt *madt, const struct acpi_madt_local_x2apic *entry)
{
    if (entry->apic_id == ACPI_X2APIC_ID_NONE) {
        madt->machine->invalid_count++;
        return MUSTER_OK;
    }
    return take_processor(madt, entry->apic_id, entry->processor_uid, entry->flags);
}
