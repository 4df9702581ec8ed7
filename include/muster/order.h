/**
 * In which order to start CPUs: what each has told of itself, and four policies.
 *
 * CPUID describes only the CPU that runs it, so each tells of itself once it is parked, with its
 * own descriptor tables (in a TD CPUID is a #VE). Firmware adds the NUMA node.
 */
#ifndef MUSTER_ORDER_H
#define MUSTER_ORDER_H

#include <stdint.h>

#include <muster/machine.h>

#ifdef __cplusplus
extern "C" {
#endif

/** In which order CPUs are started. */
enum muster_order {
    MUSTER_ORDER_LISTED,      /* as firmware lists them */
    MUSTER_ORDER_PERFORMANCE, /* performance cores, then those of no known kind, then efficiency */
    MUSTER_ORDER_CORES,       /* one CPU of each core, then the second of each ...; BSP's counts */
    MUSTER_ORDER_NEAREST,     /* by distance from the BSP: core, die, package, node */
    MUSTER_ORDER_COUNT,
};

/** "listed", "performance", "cores", "nearest". Never NULL. */
const char *muster_order_name(enum muster_order order);

/** "performance", "efficiency", "unknown". Never NULL. */
const char *muster_core_kind_name(enum muster_core_kind kind);

/**
 * Fill @order with the indexes of all enabled CPUs but the BSP, for muster_start(). CPUs that
 * are equal by the policy stay as listed. Every such CPU is there once, whatever the topologies
 * say; a CPU that told nothing counts as alone in its core, its kind unknown, and far away.
 * After muster_adopt(); changes nothing but @order.
 *
 * @param order  place for machine->cpu_count indexes
 * @return how many were written; 0 for a policy that there is not, or more than 65535 CPUs
 */
uint32_t muster_order_make(const struct muster_machine *machine, enum muster_order policy,
                           uint32_t *order);

/**
 * On the CPU itself, its own descriptor tables loaded: what its CPUID says (leaves 0x1F or 0xB
 * and 0x1A). IDs are parts of @apic_id, which it has by its APIC. Levels that contradict
 * themselves are not believed: topology->known is then false.
 */
void muster_topology_read(const struct muster_platform *platform, uint32_t apic_id,
                          struct muster_topology *topology);

#ifdef __cplusplus
}
#endif
#endif
