/*
 * Loaders put the shim and its modules low in memory, where kernels want to be. It moves itself
 * to the top of what lies below 4 GiB and starts there once more, from its own entry; the modules
 * follow.
 */
#include "abi/x86.h"
#include "boot/console.h"
#include "boot/image.h"
#include "boot/payload.h"
#include "shim/shim.h"

#define HOME_ALIGN 0x200000u

/* The image that runs is at home unless it is where loaders put it. */
uint64_t shim_home_find(void)
{
    uint64_t bytes = (uint64_t)(image_end - image_start);
    uint64_t home = (uint64_t)image_start;
    enum muster_status status;
    if (home != image_link_address)
        status = muster_memory_reserve(&shim.map, home, bytes, SHIM_OWNER);
    else
        status = muster_memory_allocate(&shim.map, bytes, HOME_ALIGN, image_link_address + bytes,
                                        FOUR_GIB, SHIM_OWNER, &home);
    if (status)
        shim_fail_status("no place for the shim", status);
    return home;
}

/*
 * The copy is entered like the original, in 32-bit mode, and builds its own first tables. What
 * this run has left in the copied statics is all set anew by the next.
 */
void shim_home_move(uint64_t home, uint64_t info_phys, uint32_t magic)
{
    memcpy((void *)home, image_start, (size_t)(image_end - image_start));
    boot_jump_32((uint32_t)(home + (uint64_t)(boot_enter - image_start)), (uint32_t)info_phys,
                 magic, false);
}

/* Without room for a second copy it stays where it is, and is in the way only then. */
static void module_move(struct boot_module *module)
{
    uint64_t phys;
    if (!module->bytes || muster_memory_allocate(&shim.map, module->bytes, PAGE_BYTES, ONE_MIB,
                                                 FOUR_GIB, MUSTER_OWNER_BOOT, &phys))
        return;
    memcpy((void *)phys, (const void *)module->phys, module->bytes);
    muster_memory_release_range(&shim.map, module->phys, module->bytes, MUSTER_OWNER_BOOT);
    module->phys = phys;
}

void shim_modules_move(void)
{
    module_move(&shim.source.further);
    module_move(&shim.source.initrd);
    module_move(&shim.source.kernel);
}
