/**
 * The device tree that the shim publishes: what OpenHCL's has, and what an OS without ACPI needs.
 */
#ifndef SHIM_TREE_H
#define SHIM_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/machine.h>
#include <muster/memory.h>

/** All that goes into the tree; nothing else is looked at. */
struct tree_contents {
    const struct muster_machine *machine;
    const struct muster_memory_map *map;
    uint32_t owner; /* in the map: whose memory goes into the reserve map, where not usable */
    uint64_t mailbox_phys;
    const char *bootargs;
    uint64_t initrd_phys, initrd_bytes; /* 0 bytes: there is none */
    /** Whether the CPU with this index waits at the mailbox, or is the BSP. */
    bool (*is_there)(const struct muster_machine *machine, uint32_t index);
};

/**
 * Write the tree to @memory, on an 8-byte border. Gives the bytes that it needs; if these are
 * more than @capacity what is there is no tree.
 */
uint32_t tree_write(const struct tree_contents *contents, void *memory, uint32_t capacity);

#endif
