/**
 * The PVH boot protocol (Xen, public/arch-x86/hvm/start_info.h): entered in 32-bit protected
 * mode, paging off, EBX = physical address of struct pvh_start_info.
 */
#ifndef ABI_PVH_H
#define ABI_PVH_H

#define PVH_START_MAGIC       0x336EC578
#define PVH_NOTE_NAME         "Xen"
#define PVH_NOTE_PHYS32_ENTRY 18 /* u32: entry point, physical */
#define PVH_NOTE_PHYS32_RELOC 19 /* u32 alignment, u32 lowest, u32 highest load address */

/**
 * PVH has no word for a device tree. Ours is a module with this command line. It is never the first
 * one, which kernels take for their initrd: without an initrd that one has 0 bytes.
 */
#define PVH_MODULE_FDT "devicetree"

/** Nor has it one for a screen. Ours is a module that holds Multiboot 2's framebuffer tag. */
#define PVH_MODULE_SCREEN "framebuffer"

#ifndef __ASSEMBLER__
#include <stdint.h>

struct pvh_start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules_phys;
    uint64_t cmdline_phys;
    uint64_t rsdp_phys;
    uint64_t memory_map_phys; /* from version 1 on */
    uint32_t memory_map_entries;
    uint32_t reserved;
};
_Static_assert(sizeof(struct pvh_start_info) == 56, "Xen start_info.h");

struct pvh_module {
    uint64_t start_phys;
    uint64_t bytes;
    uint64_t cmdline_phys;
    uint64_t reserved;
};
_Static_assert(sizeof(struct pvh_module) == 32, "Xen start_info.h");

struct pvh_memory_entry {
    uint64_t start_phys;
    uint64_t bytes;
    uint32_t type; /* enum e820_type */
    uint32_t reserved;
};
_Static_assert(sizeof(struct pvh_memory_entry) == 24, "Xen start_info.h");
#endif

#endif
