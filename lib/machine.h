/**
 * What discovery does to a machine; everybody else only looks things up (muster/machine.h).
 */
#ifndef LIB_MACHINE_H
#define LIB_MACHINE_H

#include <stdbool.h>

#include <muster/machine.h>

static inline bool is_power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/** Forget all that was discovered, except the finding, whether the machine is a TD,
 * and what the host has asked for. */
void machine_empty(struct muster_machine *machine);

/**
 * Append @cpu, whose APIC ID the machine must not have yet, and make it findable. False if the
 * caller's storage is full.
 */
bool machine_add(struct muster_machine *machine, const struct muster_cpu *cpu);

bool machine_has_enabled_cpu(const struct muster_machine *machine);

/** The CPU with index @bsp is the one that reads the tables. */
void machine_set_bsp(struct muster_machine *machine, uint32_t bsp);

#endif
