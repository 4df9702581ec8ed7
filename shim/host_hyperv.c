/*
 * A partition of Hyper-V: all memory is the guest's and the hypervisor's alike, and a VP runs once
 * a hypercall has started it.
 */
#include "boot/clock.h"
#include "boot/hyperv.h"
#include "shim/host.h"

static const char *begin(struct muster_platform *platform)
{
    if (hyperv_begin(platform))
        return "the hypervisor does not let us make hypercalls";
    clock_take_frequency(platform);
    return NULL;
}

static const char *take_memory(uint64_t phys, uint64_t bytes, bool pending)
{
    (void)phys;
    (void)bytes;
    return pending ? "the HOB lists unaccepted memory, and this is no TD: nobody accepts it" : NULL;
}

static bool nothing_to_do(uint64_t phys, uint64_t bytes)
{
    (void)phys;
    (void)bytes;
    return true;
}

static enum muster_way choose_hypercalls(const struct muster_machine *machine)
{
    (void)machine;
    return MUSTER_WAY_HYPERV;
}

const struct shim_host shim_host_hyperv = {
    .name = "a partition of Hyper-V",
    .begin = begin,
    .take_memory = take_memory,
    .share = nothing_to_do,
    .unshare = nothing_to_do,
    .choose_way = choose_hypercalls,
};
