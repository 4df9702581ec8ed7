/**
 * The Limine boot protocol (PROTOCOL.md of limine-protocol, base revisions 0 to 4): the responses
 * that tell of memory, ACPI, device tree and command line. Pointers are 64 bits wide and have the
 * offset of the higher half direct map in them.
 */
#ifndef ABI_LIMINE_H
#define ABI_LIMINE_H

#include <stdint.h>

enum limine_memory_type {
    LIMINE_MEMORY_USABLE = 0,
    LIMINE_MEMORY_RESERVED = 1,
    LIMINE_MEMORY_ACPI_RECLAIMABLE = 2,
    LIMINE_MEMORY_ACPI_NVS = 3,
    LIMINE_MEMORY_BAD = 4,
    LIMINE_MEMORY_LOADER = 5, /* responses, page tables, stacks: usable once nothing needs them */
    LIMINE_MEMORY_EXECUTABLE = 6, /* the kernel and its modules */
    LIMINE_MEMORY_FRAMEBUFFER = 7,
    LIMINE_MEMORY_RESERVED_MAPPED = 8,
};

struct limine_memory_entry {
    uint64_t start_phys;
    uint64_t bytes;
    uint64_t type; /* enum limine_memory_type, or one that is not above */
};
_Static_assert(sizeof(struct limine_memory_entry) == 24, "Memory Map Feature");

struct limine_memory_response {
    uint64_t revision;
    uint64_t entry_count;
    uint64_t entries; /* pointer to as many pointers to an entry each */
};
_Static_assert(sizeof(struct limine_memory_response) == 24, "Memory Map Feature");

/* What has one pointer to say: RSDP, Device Tree Blob and Executable Command Line Feature. */
struct limine_pointer_response {
    uint64_t revision;
    uint64_t address;
};
_Static_assert(sizeof(struct limine_pointer_response) == 16, "RSDP Feature");

#endif
