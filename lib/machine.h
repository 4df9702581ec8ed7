/**
 * What discovery does to a machine; everybody else only looks things up (muster/machine.h).
 */
#ifndef LIB_MACHINE_H
#define LIB_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include <muster/machine.h>

static inline bool is_power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/** Forget all that was discovered, except the finding, whether the machine is a TD,
 * and what the host has asked for. */
void machine_empty(struct muster_machine *machine);

/**
 * The place where @apic_id is, or the empty one where it belongs if it is nowhere yet. There is
 * one: the index is never more than half full (muster_machine_init() sees to that, and an APIC ID
 * is entered once). Woken processors make the same lookup in assembly, before they have a stack:
 * the formula is part of the layout.
 */
static inline struct muster_index_entry *machine_place(const struct muster_machine *machine,
                                                       uint32_t apic_id)
{
    uint32_t place = (apic_id * MUSTER_INDEX_MULTIPLIER) >> machine->index_shift;

    while (machine->index[place].number != 0 && machine->index[place].apic_id != apic_id) {
        place = (place + 1) & machine->index_mask;
    }
    return &machine->index[place];
}

/**
 * Append a CPU, for the caller to fill, whose place in the index has been looked up and is empty.
 * NULL if the caller's storage is full.
 */
static inline struct muster_cpu *machine_append(struct muster_machine *machine,
                                                struct muster_index_entry *place, uint32_t apic_id)
{
    uint32_t index = machine->cpu_count;

    if (index == machine->cpu_capacity) {
        return NULL;
    }
    machine->cpu_count = index + 1;
    *place = (struct muster_index_entry){apic_id, index + 1};
    return &machine->cpus[index];
}

/**
 * Append @cpu, whose APIC ID the machine must not have yet, and make it findable. False if the
 * caller's storage is full.
 */
bool machine_add(struct muster_machine *machine, const struct muster_cpu *cpu);

bool machine_has_enabled_cpu(const struct muster_machine *machine);

/** The CPU with index @bsp is the one that reads the tables. */
void machine_set_bsp(struct muster_machine *machine, uint32_t bsp);

#endif
