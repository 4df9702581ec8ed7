/* Memory that the host can reach too: one large page, since converting it is what costs. */
#include "shim/host.h"
#include "shim/shim.h"

const char *shared_open(uint64_t *phys)
{
    if (muster_memory_allocate(&shim.map, SHARED_BYTES, SHARED_BYTES, SHARED_BYTES, FOUR_GIB,
                               SHIM_OWNER, phys))
        return "no free 2 MiB below 4 GiB to share with the host";
    if (!shim.host->share(*phys, SHARED_BYTES))
        return "the host does not share memory (MapGPA)";
    return NULL;
}

const char *shared_close(uint64_t phys)
{
    if (!shim.host->unshare(phys, SHARED_BYTES))
        return "the host does not make shared memory private again";
    muster_memory_release_range(&shim.map, phys, SHARED_BYTES, SHIM_OWNER);
    return NULL;
}
