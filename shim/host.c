#include "shim/host.h"

#include <stddef.h>

#include "boot/td.h"

/* A PC: whatever its own tables describe. */
static enum muster_way choose_described(const struct muster_machine *machine)
{
    (void)machine;
    return MUSTER_WAY_AUTO;
}

static const char *begin_nothing(struct muster_platform *platform)
{
    (void)platform;
    return NULL;
}

const struct shim_host shim_host_loader = {
    .name = "a PC",
    .begin = begin_nothing,
    .choose_way = choose_described,
};

static const char *refuse(struct muster_platform *platform)
{
    (void)platform;
    return "as firmware the shim wants a TD, or a partition of Hyper-V";
}

/* A TD first: its host may be a Hyper-V as well. */
const struct shim_host *shim_host_of_firmware(const struct muster_platform *platform)
{
    static const struct shim_host unknown = {.name = "unknown", .begin = refuse};
    uint32_t features[4];
    if (td_is_active())
        return &shim_host_td;
    return muster_hyperv_features(platform, features) ? &shim_host_hyperv : &unknown;
}
