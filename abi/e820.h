/**
 * BIOS memory map entries, INT 15h AX=E820h (ACPI 6.6, 15.1), as Linux's boot_params carry them.
 */
#ifndef ABI_E820_H
#define ABI_E820_H

#include <stdint.h>

enum e820_type {
    E820_USABLE = 1,
    E820_RESERVED = 2,
    E820_ACPI = 3,
    E820_NVS = 4,
    E820_UNUSABLE = 5,
};

struct e820_entry {
    uint64_t start_phys;
    uint64_t bytes;
    uint32_t type;
} __attribute__((packed));
_Static_assert(sizeof(struct e820_entry) == 20, "ACPI 6.6, 15.1");

#endif
