/*
 * Memory that CPUs are sent to and that firmware's stand in, as a kernel deals with it: the entry
 * pages go back once everybody has come through them, and the mailbox's page once nobody can look
 * there any more.
 */
#include "abi/sev.h"
#include "abi/x86.h"
#include "sim/machine.h"

#define LOW_END_PHYS  ((1u + SIM_LOW_PAGES) * PAGE_BYTES)
#define ONE_MIB       0x100000u
#define MAIN_END_PHYS 0x3FFE0000u
#define FOUR_GIB      0x100000000u

static uint64_t count_free(const struct sim *sim)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < sim->map.count; i++) {
        const struct muster_memory_range *range = &sim->map.ranges[i];
        if (range->type == MUSTER_MEMORY_USABLE && range->owner == MUSTER_OWNER_NONE)
            bytes += range->end_phys - range->start_phys;
    }
    return bytes;
}

/* The worst that firmware does: what its APs stand in is declared as free memory. */
void sim_memory_describe(struct sim *sim)
{
    enum muster_memory_type type =
        sim->setup->no_low_memory && !sim->tried ? MUSTER_MEMORY_RESERVED : MUSTER_MEMORY_USABLE;
    muster_memory_init(&sim->map, sim->ranges, SIM_RANGES_MAX);
    (void)muster_memory_add(&sim->map, PAGE_BYTES, LOW_END_PHYS - PAGE_BYTES, type);
    (void)muster_memory_add(&sim->map, ONE_MIB, MAIN_END_PHYS - ONE_MIB, type);
    if (sim->mailbox)
        (void)muster_memory_add(&sim->map, SIM_MAILBOX_PHYS, PAGE_BYTES, MUSTER_MEMORY_USABLE);
    sim->free_bytes = count_free(sim);
    muster_custody_init(&sim->custody, &sim->map, &sim->platform,
                        sim->setup->keeps_firmware ? MUSTER_CUSTODY_KEEP : MUSTER_CUSTODY_RECLAIM);
    if (sim->mailbox)
        (void)muster_custody_take(&sim->custody, SIM_MAILBOX_PHYS, PAGE_BYTES,
                                  MUSTER_OWNER_FIRMWARE_MAILBOX);
}

enum muster_status sim_memory_take_entry(struct sim *sim)
{
    bool by_sipi = sim->plan.way == MUSTER_WAY_SIPI || sim->plan.way == MUSTER_WAY_ES_JUMP_TABLE;
    uint64_t limit = by_sipi ? ONE_MIB : FOUR_GIB;
    sim->entry_bytes = muster_entry_bytes(&sim->machine, &sim->plan);
    return muster_memory_allocate(&sim->map, sim->entry_bytes, PAGE_BYTES, PAGE_BYTES, limit,
                                  MUSTER_OWNER_ENTRY, &sim->entry_phys);
}

enum muster_status sim_memory_take_vmsas(struct sim *sim)
{
    /* The first page is the last of a large one, so that the second must be left out. */
    uint64_t first_phys = SEV_LARGE_PAGE - PAGE_BYTES;
    sim->vmsa_bytes = muster_vmsa_bytes(sim->machine.cpu_count);
    return muster_memory_allocate(&sim->map, sim->vmsa_bytes, PAGE_BYTES, first_phys,
                                  first_phys + sim->vmsa_bytes, MUSTER_OWNER_HOST, &sim->vmsa_phys);
}

static bool anybody_may_come(const struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine.cpu_count; i++)
        if (!__atomic_load_n(&sim->slots[i].arrived.value, __ATOMIC_ACQUIRE))
            return true;
    return false;
}

void sim_memory_settle(struct sim *sim)
{
    bool in_firmware = muster_ap_in_firmware(&sim->machine, &sim->plan);
    if (!anybody_may_come(sim))
        (void)muster_memory_release(&sim->map, MUSTER_OWNER_ENTRY);
    enum muster_status status = muster_custody_release(&sim->custody, in_firmware);
    enum muster_status wanted = sim->setup->keeps_firmware ? MUSTER_DENIED
                                : in_firmware              ? MUSTER_ERROR_CUSTODY_IN_USE
                                                           : MUSTER_OK;
    if (status != wanted)
        sim->trouble = "custody is not released as it is to be";
    for (uint32_t i = 1; sim->mailbox && status == MUSTER_OK && i < sim->cpu_count; i++)
        if (sim->cpus[i].place == SIM_IN_FIRMWARE)
            sim->trouble = "a CPU stands in memory that custody has given away";
}

uint64_t sim_memory_lost_bytes(const struct sim *sim)
{
    uint64_t held = 0;
    for (uint32_t i = 0; i < sim->map.count; i++) {
        const struct muster_memory_range *range = &sim->map.ranges[i];
        bool is_vmsas =
            range->owner == MUSTER_OWNER_HOST; /* the processor's, as long as CPUs run */
        if (is_vmsas || (range->owner == MUSTER_OWNER_ENTRY && anybody_may_come(sim)))
            held += range->end_phys - range->start_phys;
    }
    if (sim->mailbox && !sim->custody.released)
        held += PAGE_BYTES;
    return sim->free_bytes - count_free(sim) - held;
}
