/**
 * Multiboot 1 (specification 0.6.96).
 */
#ifndef ABI_MULTIBOOT_H
#define ABI_MULTIBOOT_H

#define MULTIBOOT_HEADER_MAGIC     0x1BADB002
#define MULTIBOOT_LOADER_MAGIC     0x2BADB002
#define MULTIBOOT_HEADER_ALIGN     (1 << 0)  /* modules on page boundaries */
#define MULTIBOOT_HEADER_MEMORY    (1 << 1)  /* the memory map is wanted */
#define MULTIBOOT_HEADER_ADDRESSES (1 << 16) /* the header's own load addresses count */

#define MULTIBOOT_INFO_CMDLINE (1u << 2)
#define MULTIBOOT_INFO_MODULES (1u << 3)
#define MULTIBOOT_INFO_MMAP    (1u << 6)

#ifndef __ASSEMBLER__
#include <stdint.h>

struct multiboot_info {
    uint32_t flags;
    uint32_t mem_lower;
    uint32_t mem_upper;
    uint32_t boot_device;
    uint32_t cmdline;
    uint32_t module_count;
    uint32_t modules;
    uint32_t symbols[4];
    uint32_t mmap_bytes;
    uint32_t mmap;
};
_Static_assert(sizeof(struct multiboot_info) == 52, "Multiboot 0.6.96, 3.3");

struct multiboot_module {
    uint32_t start;
    uint32_t end;
    uint32_t cmdline;
    uint32_t reserved;
};
_Static_assert(sizeof(struct multiboot_module) == 16, "Multiboot 0.6.96, 3.3");

struct multiboot_mmap_entry {
    uint32_t size; /* of what follows; the next entry is at this one + size + 4 */
    uint64_t start_phys;
    uint64_t bytes;
    uint32_t type; /* enum e820_type */
} __attribute__((packed));
_Static_assert(sizeof(struct multiboot_mmap_entry) == 24, "Multiboot 0.6.96, 3.3");
#endif

#endif
