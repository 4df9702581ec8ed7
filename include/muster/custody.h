/**
 * Custody: the memory that firmware's parked APs still need, and its way back.
 *
 * A parked AP runs the firmware's wait loop on the firmware's page tables and looks at the
 * mailbox. Firmware has declared such memory usable (EDK2 TDVF before stable202411), so a kernel
 * that believes the memory map destroys what its own processors stand on. Custody keeps every
 * such range out of the allocator until no AP can be there; then what had been declared usable
 * is scrubbed and handed over.
 *
 * The page tables of an AP are known once it has come. While one is missing (muster_adopt() said
 * MUSTER_TIME_OUT, and muster_ap_in_firmware() is true), the tables it waits on may lie in any
 * memory that firmware declared usable; a host that uses such memory may make it fault.
 */
#ifndef MUSTER_CUSTODY_H
#define MUSTER_CUSTODY_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/memory.h>
#include <muster/platform.h>
#include <muster/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What becomes of the firmware's memory. */
enum muster_custody_policy {
    MUSTER_CUSTODY_KEEP,    /* firmware's loop stays: CPUs can be handed back later */
    MUSTER_CUSTODY_RECLAIM, /* its memory comes back: a later hand-back is denied by name */
};

/** Filled by muster_custody_init(); to be looked at, not written. */
struct muster_custody {
    struct muster_memory_map *map;
    const struct muster_platform *platform;
    enum muster_custody_policy policy;
    uint64_t taken_bytes;        /* all that is or was in custody */
    uint64_t taken_usable_bytes; /* of it, what firmware had declared usable */
    uint64_t returned_bytes;     /* scrubbed and handed over so far */
    bool released;
};

/** The default: KEEP where the platform has a ResetVector, RECLAIM elsewhere. */
enum muster_custody_policy muster_custody_default_policy(bool has_reset_vector);

/** Nothing in custody yet. On the BSP, before muster_custody_take(). */
void muster_custody_init(struct muster_custody *custody, struct muster_memory_map *map,
                         const struct muster_platform *platform, enum muster_custody_policy policy);

/**
 * Take a range. What custody already holds of it is fine; what another owner holds is
 * MUSTER_ERROR_RANGE_OWNED. The range is widened to whole pages.
 */
enum muster_status muster_custody_take(struct muster_custody *custody, uint64_t start_phys,
                                       uint64_t bytes, enum muster_memory_owner owner);

/** Take 0x800000-0x80CFFF, where older TDVF builds keep AP page tables and work area, as far as
 *  the map declares it plain usable RAM and nobody owns it. */
enum muster_status muster_custody_take_known(struct muster_custody *custody);

/**
 * Take every page of the page tables that hang on @cr3 (4 or 5 levels). The walk is bounded: an
 * entry with an impossible address or bit is MUSTER_ERROR_PAGE_TABLE_ENTRY, a table that cannot
 * be mapped MUSTER_ERROR_PAGE_TABLE_ADDRESS, one that points back at a table above itself
 * MUSTER_ERROR_PAGE_TABLE_LOOP; what was taken until then stays taken.
 */
enum muster_status muster_custody_take_tables(struct muster_custody *custody, uint64_t cr3,
                                              unsigned levels);

/**
 * Give back what firmware had declared usable (never NVS, reserved or ACPI memory): scrub it,
 * then free it in the map. The caller says whether an AP may still be in the firmware's loop:
 * then MUSTER_ERROR_CUSTODY_IN_USE. Under policy KEEP: MUSTER_DENIED. Twice: MUSTER_OK, 0 bytes.
 */
enum muster_status muster_custody_release(struct muster_custody *custody, bool ap_in_firmware);

#ifdef __cplusplus
}
#endif
#endif
