/* The list of processors, and the index that finds one by its APIC ID. */
#include "lib/machine.h"

#include <stddef.h>

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
    struct muster_index_entry *place = machine->index;
    const struct muster_index_entry *end = &machine->index[machine->index_mask] + 1;

    for (; place != end; place++) {
        *place = (struct muster_index_entry){0};
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
    struct muster_cpu *added =
        machine_append(machine, machine_place(machine, cpu->apic_id), cpu->apic_id);

    if (added == NULL) {
        return false;
    }
    *added = *cpu;
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
    return (int32_t)machine_place(machine, apic_id)->number - 1;
}
