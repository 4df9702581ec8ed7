/* The device tree, where the options want one: measured before the payload is placed, then written.
 */
#include "boot/payload.h"
#include "shim/shim.h"
#include "shim/tree.h"

static bool is_there(const struct muster_machine *machine, uint32_t index)
{
    (void)machine;
    return shim_cpu_is_there(index);
}

static uint32_t write(uint64_t initrd_phys, void *memory, uint64_t capacity)
{
    const struct tree_contents contents = {
        .machine = &shim.machine,
        .map = &shim.map,
        .owner = SHIM_OWNER,
        .mailbox_phys = (uint64_t)shim.mailbox,
        .bootargs = shim.source.cmdline,
        .initrd_phys = initrd_phys,
        .initrd_bytes = shim.source.initrd.bytes,
        .is_there = is_there,
    };
    uint32_t bytes = tree_write(&contents, memory, (uint32_t)capacity);
    if (!bytes)
        shim_fail(NULL, "the device tree has more names of properties than there is room for");
    return bytes;
}

/* What the payload takes until then is usable memory, before and after: the tree's length stays. */
uint64_t shim_fdt_bytes(void)
{
    return shim.options.tables & SHIM_TABLES_FDT ? write(0, NULL, 0) : 0;
}

void shim_fdt_publish(const struct boot_payload *payload, const struct boot_jump *jump)
{
    uint64_t room = payload->fdt_bytes;
    if (!jump->fdt_phys)
        return; /* not asked for; or the payload's protocol has no word for it */
    if (write(jump->initrd_phys, (void *)jump->fdt_phys, room) > room)
        shim_fail(NULL, "the device tree has outgrown its place");
}
