/* The list of processors, and the index that finds one by its APIC ID. */
#include "lib/machine.h"

#include <stddef.h>

/*
 * The index is never more than half full (muster_machine_init() sees to that, and an APIC ID is
 * entered once), so every probe below ends at an empty place. Woken processors make the same
 * lookup in assembly, before they have a stack: the formula is part of the layout.
 */
static uint32_t home_of(const struct muster_machine *machine, uint32_t apic_id)
{
    return (apic_id * MUSTER_INDEX_MULTIPLIER) >> machine->index_shift;
}

/* The place where @apic_id is, or where it belongs if it is nowhere yet. */
static struct muster_index_entry *find_place(const struct muster_machine *machine, uint32_t apic_id)
{
    uint32_t place = home_of(machine, apic_id);

    while (machine->index[place].number != 0 && machine->index[place].apic_id != apic_id) {
        place = (place + 1) & machine->index_mask;
    }
    return &machine->index[place];
}

enum muster_status muster_machine_init(struct muster_machine *machine,
                                       const struct muster_platform *platform,
                                       struct muster_cpu *cpus, uint32_t cpu_capacity,
                                       struct muster_index_entry *index, uint32_t index_capacity)
{
    if (machine == NULL || platform == NULL || cpus == NULL || cpu_capacity == 0 || index == NULL ||
        !is_power_of_two(index_capacity) || index_capacity / 2 < cpu_capacity) {
        return MUSTER_INVALID_ARGUMENT;
    }
    *machine = (struct muster_machine){
        .platform = platform,
        .cpus = cpus,
        .cpu_capacity = cpu_capacity,
        .index = index,
        .index_shift = 32 - (uint32_t)__builtin_ctz(index_capacity),
        .index_mask = index_capacity - 1,
        .stood_ns = MUSTER_FOREVER,
    };
    machine_empty(machine);
    return MUSTER_OK;
}

void machine_empty(struct muster_machine *machine)
{
    for (uint32_t place = 0; place <= machine->index_mask; place++) {
        machine->index[place] = (struct muster_index_entry){0};
    }
    machine->cpu_count = 0;
    machine->bsp = MUSTER_BSP_UNKNOWN;
    machine->lapic_phys = 0;
    machine->sources = 0;
    machine->mailbox = (struct muster_mailbox_description){0};
    machine->madt_revision = 0;
    machine->duplicate_count = 0;
    machine->invalid_count = 0;
    machine->disabled_count = 0;
}

bool machine_add(struct muster_machine *machine, const struct muster_cpu *cpu)
{
    if (machine->cpu_count == machine->cpu_capacity) {
        return false;
    }
    machine->cpus[machine->cpu_count] = *cpu;
    machine->cpu_count++;
    *find_place(machine, cpu->apic_id) = (struct muster_index_entry){
        .apic_id = cpu->apic_id,
        .number = machine->cpu_count,
    };
    return true;
}

bool machine_has_enabled_cpu(const struct muster_machine *machine)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        if (machine->cpus[i].enabled) {
            return true;
        }
    }
    return false;
}

void machine_set_bsp(struct muster_machine *machine, uint32_t bsp)
{
    machine->cpus[bsp].bsp = true;
    machine->bsp = bsp;
}

const char *muster_source_name(unsigned sources)
{
    static const char *const names[] = {
        [0] = "none",
        [MUSTER_SOURCE_ACPI] = "acpi",
        [MUSTER_SOURCE_FDT] = "device-tree",
        [MUSTER_SOURCE_ACPI | MUSTER_SOURCE_FDT] = "acpi+device-tree",
    };
    return sources < sizeof(names) / sizeof(names[0]) ? names[sources] : "unknown";
}

int32_t muster_machine_find(const struct muster_machine *machine, uint32_t apic_id)
{
    return (int32_t)find_place(machine, apic_id)->number - 1;
}
