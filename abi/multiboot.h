/**
 * Multiboot 1 (specification 0.6.96).
 */
#ifndef ABI_MULTIBOOT_H
#define ABI_MULTIBOOT_H

/* The header: on a 4-byte border, whole within the first 8 KiB of the file. */
#define MULTIBOOT_HEADER_MAGIC     0x1BADB002
#define MULTIBOOT_LOADER_MAGIC     0x2BADB002 /* in EAX at entry; EBX: the information */
#define MULTIBOOT_SEARCH_BYTES     8192
#define MULTIBOOT_HEADER_BORDER    4
#define MULTIBOOT_HEADER_ALIGN     (1 << 0)  /* modules on page boundaries */
#define MULTIBOOT_HEADER_MEMORY    (1 << 1)  /* the memory map is wanted */
#define MULTIBOOT_HEADER_VIDEO     (1 << 2)  /* and so is a video mode */
#define MULTIBOOT_HEADER_REQUIRED  0xFFFF    /* a flag among these that is not known is a refusal */
#define MULTIBOOT_HEADER_ADDRESSES (1 << 16) /* the header's own load addresses count */

#define MULTIBOOT_INFO_MEMORY  (1u << 0)
#define MULTIBOOT_INFO_CMDLINE (1u << 2)
#define MULTIBOOT_INFO_MODULES (1u << 3)
#define MULTIBOOT_INFO_MMAP    (1u << 6)
#define MULTIBOOT_INFO_LOADER  (1u << 9)

#ifndef __ASSEMBLER__
#include <stdint.h>

struct multiboot_header {
    uint32_t magic;
    uint32_t flags;
    uint32_t checksum; /* makes the sum of all three 0 */
    /* With MULTIBOOT_HEADER_ADDRESSES: */
    uint32_t header_phys;
    uint32_t load_phys;
    uint32_t load_end_phys; /* 0: the end of the file */
    uint32_t bss_end_phys;  /* 0: there is no BSS */
    uint32_t entry_phys;
};
_Static_assert(sizeof(struct multiboot_header) == 32, "Multiboot 0.6.96, 3.1.1");
#define MULTIBOOT_HEADER_SHORT 12 /* bytes without the addresses */

struct multiboot_info {
    uint32_t flags;
    uint32_t mem_lower; /* KiB from 0 up */
    uint32_t mem_upper; /* KiB from 1 MiB up, to the first hole */
    uint32_t boot_device;
    uint32_t cmdline;
    uint32_t module_count;
    uint32_t modules;
    uint32_t symbols[4];
    uint32_t mmap_bytes;
    uint32_t mmap;
    uint32_t drives_bytes;
    uint32_t drives;
    uint32_t config_table;
    uint32_t loader_name;
};
_Static_assert(sizeof(struct multiboot_info) == 68, "Multiboot 0.6.96, 3.3");

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
