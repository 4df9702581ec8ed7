/* What a CPU says of its own place and kind (SDM vol. 3, 9.9.3; vol. 2, CPUID). */
#include "abi/x86.h"

#include <muster/order.h>

#define MOST_LEVELS 8u /* there are six kinds of level, and one that means no more */

/* A list of levels, from the innermost; false if there is none, or one that cannot be. */
static bool read_levels(const struct muster_platform *platform, uint32_t leaf, uint32_t apic_id,
                        struct muster_topology *topology)
{
    uint32_t r[4], shift = 0, kind_before = CPUID_LEVEL_NONE;
    uint32_t core_shift = 0, die_shift = 0;
    bool has_die = false;
    for (uint32_t level = 0; level < MOST_LEVELS; level++) {
        platform->cpuid(platform->context, leaf, level, r);
        uint32_t kind = r[2] >> CPUID_LEVEL_TYPE_SHIFT & 0xFF;
        uint32_t next = r[0] & CPUID_LEVEL_SHIFT;
        if (kind == CPUID_LEVEL_NONE) {
            topology->core = apic_id >> core_shift;
            topology->package = apic_id >> shift;
            topology->die = has_die ? apic_id >> die_shift : topology->package;
            return level > 0;
        }
        /* Each level holds the one before it, and is another. */
        if (next < shift || kind <= kind_before)
            return false;
        if (kind == CPUID_LEVEL_SMT)
            core_shift = next;
        if (kind == CPUID_LEVEL_DIE) {
            die_shift = shift; /* its own IDs begin where those inside it end */
            has_die = true;
        }
        shift = next;
        kind_before = kind;
    }
    return false;
}

static enum muster_core_kind read_kind(const struct muster_platform *platform, uint32_t last_leaf)
{
    uint32_t r[4];
    if (last_leaf < CPUID_CORE_KIND)
        return MUSTER_CORE_UNKNOWN;
    platform->cpuid(platform->context, CPUID_EXTENDED_FEATURES, 0, r);
    if (!(r[3] & CPUID_7_EDX_HYBRID))
        return MUSTER_CORE_UNKNOWN; /* all are alike */
    platform->cpuid(platform->context, CPUID_CORE_KIND, 0, r);
    switch (r[0] >> CPUID_CORE_KIND_SHIFT) {
    case CPUID_CORE_KIND_CORE:
        return MUSTER_CORE_PERFORMANCE;
    case CPUID_CORE_KIND_ATOM:
        return MUSTER_CORE_EFFICIENCY;
    default:
        return MUSTER_CORE_UNKNOWN;
    }
}

void muster_topology_read(const struct muster_platform *platform, uint32_t apic_id,
                          struct muster_topology *topology)
{
    uint32_t r[4];
    *topology = (struct muster_topology){0};
    platform->cpuid(platform->context, 0, 0, r);
    uint32_t last_leaf = r[0];
    topology->known =
        (last_leaf >= CPUID_TOPOLOGY_V2 &&
         read_levels(platform, CPUID_TOPOLOGY_V2, apic_id, topology)) ||
        (last_leaf >= CPUID_TOPOLOGY && read_levels(platform, CPUID_TOPOLOGY, apic_id, topology));
    topology->kind = read_kind(platform, last_leaf);
}
