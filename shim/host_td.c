/*
 * A TD: memory is accepted before it is touched, and the host reaches only what is shared with it.
 */
#include "abi/x86.h"
#include "boot/hyperv.h"
#include "boot/td.h"
#include "lib/cpu/instructions.h"
#include "shim/host.h"

/* Whether the host takes hypercalls is its own affair, and no condition. */
static const char *begin(struct muster_platform *platform)
{
    (void)hyperv_begin(platform);
    return NULL;
}

static const char *take_memory(uint64_t phys, uint64_t bytes, bool pending)
{
    if (phys >= td_shared_bit() || bytes > td_shared_bit() - phys)
        return "a memory range in the TD HOB reaches into shared addresses";
    if (pending && !td_accept(phys, bytes))
        return "memory that the TD HOB calls unaccepted could not be accepted";
    return NULL;
}

/* The entry of the running tables (4 levels, 1:1, pages of 2 MiB there) that maps @phys. */
static uint64_t *large_entry(uint64_t phys)
{
    uint64_t *table = (uint64_t *)(read_cr3() & PTE_ADDRESS);
    for (unsigned shift = 39; shift > 21; shift -= 9)
        table = (uint64_t *)(table[phys >> shift & (PTE_ENTRIES - 1)] & PTE_ADDRESS);
    return &table[phys >> 21 & (PTE_ENTRIES - 1)];
}

static void map_shared(uint64_t phys, uint64_t bytes, bool shared)
{
    for (uint64_t at = phys; at < phys + bytes; at += SHARED_BYTES) {
        uint64_t *entry = large_entry(at);
        *entry = (*entry & ~td_shared_bit()) | (shared ? td_shared_bit() : 0);
    }
    write_cr3(read_cr3());
}

static bool share(uint64_t phys, uint64_t bytes)
{
    if (!td_share(phys, bytes))
        return false;
    map_shared(phys, bytes, true);
    return true;
}

static bool unshare(uint64_t phys, uint64_t bytes)
{
    map_shared(phys, bytes, false);
    return td_unshare(phys, bytes);
}

/* A host that starts VPs on request has most likely not started them all unasked. */
static enum muster_way choose_way(const struct muster_machine *machine)
{
    struct muster_plan plan;
    return muster_plan_make(machine, MUSTER_WAY_HYPERV, &plan) ? MUSTER_WAY_TD_START
                                                               : MUSTER_WAY_HYPERV;
}

const struct shim_host shim_host_td = {
    .name = "a TD",
    .begin = begin,
    .take_memory = take_memory,
    .share = share,
    .unshare = unshare,
    .choose_way = choose_way,
};
