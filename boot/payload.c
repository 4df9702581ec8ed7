#include "boot/payload.h"

#include "abi/x86.h"
#include "boot/console.h"
#include "boot/loadable.h"

struct loader {
    const char *name;
    bool (*is)(const struct boot_module *kernel);
    const char *(*load)(const struct boot_payload *payload, struct boot_jump *jump);
    const char *refusal; /* where just this one was asked for */
};

/*
 * In the order in which a file that is several of them is tried: PVH tells a kernel more than
 * Multiboot does (the RSDP, the device tree), and Multiboot 2 more than Multiboot 1.
 */
static const struct loader loaders[] = {
    [BOOT_LINUX] = {"linux", bzimage_is, bzimage_load, "protocol=linux: the kernel is no bzImage"},
    [BOOT_PVH] = {"pvh", pvh_elf_is, pvh_elf_load,
                  "protocol=pvh: the kernel is no ELF with a PVH note"},
    [BOOT_MULTIBOOT2] = {"multiboot2", multiboot2_is, multiboot2_load,
                         "protocol=multiboot2: the kernel has no Multiboot 2 header in its first "
                         "32 KiB"},
    [BOOT_MULTIBOOT1] = {"multiboot1", multiboot1_is, multiboot1_load,
                         "protocol=multiboot1: the kernel has no Multiboot 1 header in its first "
                         "8 KiB"},
};

const char *boot_protocol_name(enum boot_protocol protocol)
{
    return loaders[protocol].name;
}

static const char *load(enum boot_protocol protocol, const struct boot_payload *payload,
                        struct boot_jump *jump)
{
    const char *error = loaders[protocol].load(payload, jump);
    jump->protocol = protocol;
    return error;
}

const char *boot_payload_load(const struct boot_payload *payload, struct boot_jump *jump)
{
    const struct boot_module *kernel = &payload->kernel;
    if (payload->protocol != BOOT_AUTO)
        return loaders[payload->protocol].is(kernel) ? load(payload->protocol, payload, jump)
                                                     : loaders[payload->protocol].refusal;
    for (enum boot_protocol i = BOOT_LINUX; i < sizeof(loaders) / sizeof(loaders[0]); i++)
        if (loaders[i].is(kernel))
            return load(i, payload, jump);
    if (loadable_is_elf(kernel))
        return load(BOOT_PVH, payload, jump); /* which says what is wrong with it */
    return "the kernel is neither a Linux bzImage nor an ELF, and has no Multiboot header; give "
           "one of these";
}

uint64_t boot_payload_memory(const struct boot_payload *payload, uint64_t bytes)
{
    uint64_t phys;
    bytes = (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    if (muster_memory_allocate(payload->map, bytes, PAGE_BYTES, ONE_MIB, FOUR_GIB,
                               BOOT_OWNER_PAYLOAD, &phys))
        return 0;
    memset((void *)phys, 0, bytes);
    return phys;
}

bool boot_payload_range(const struct muster_memory_map *map, uint32_t *next,
                        struct e820_entry *range)
{
    if (*next >= map->count)
        return false;
    const struct muster_memory_range *first = &map->ranges[*next];
    uint64_t end_phys = first->end_phys;
    uint32_t type = muster_memory_type_to_e820(first->type);
    for (++*next; *next < map->count; ++*next) {
        const struct muster_memory_range *more = &map->ranges[*next];
        if (more->start_phys != end_phys || muster_memory_type_to_e820(more->type) != type)
            break;
        end_phys = more->end_phys;
    }
    *range = (struct e820_entry){first->start_phys, end_phys - first->start_phys, type};
    return true;
}

const char *boot_payload_move(const struct boot_payload *payload, struct boot_module *module,
                              uint64_t limit_phys)
{
    uint64_t from_phys = module->phys;
    if (muster_memory_allocate(payload->map, module->bytes, PAGE_BYTES, ONE_MIB, limit_phys,
                               BOOT_OWNER_PAYLOAD, &module->phys))
        return "there is no room for the initrd: give the machine more memory";
    memcpy((void *)module->phys, (const void *)from_phys, module->bytes);
    muster_memory_release_range(payload->map, from_phys, module->bytes, MUSTER_OWNER_BOOT);
    return NULL;
}
