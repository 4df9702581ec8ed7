/**
 * The Linux/x86 boot protocol (Documentation/arch/x86/boot.rst and zero-page.rst), 2.12 and
 * later: what a loader for the 64-bit entry point reads and fills in.
 */
#ifndef ABI_LINUX_BOOT_H
#define ABI_LINUX_BOOT_H

#define LINUX_SETUP_OFFSET     0x1F1
#define LINUX_HEADER_MAGIC     0x53726448u /* "HdrS" */
#define LINUX_PROTOCOL_64      0x020C      /* 2.12: xloadflags */
#define LINUX_LOADED_HIGH      0x01
#define LINUX_XLF_KERNEL_64    0x0001
#define LINUX_XLF_ABOVE_4G     0x0002
#define LINUX_LOADER_UNDEFINED 0xFF
#define LINUX_ENTRY_64         0x200 /* from where the protected-mode part is loaded */
#define LINUX_PARAGRAPH_BYTES  16    /* of syssize */
#define LINUX_SECTOR_BYTES     512u
#define LINUX_SETUP_SECTORS    4u /* where setup_sects says 0 */
#define LINUX_E820_ENTRIES     128
#define LINUX_BOOT_CS          0x10
#define LINUX_BOOT_DS          0x18

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

#include "abi/e820.h"

struct linux_setup_header {
    uint8_t setup_sects; /* at LINUX_SETUP_OFFSET */
    uint16_t root_flags;
    uint32_t syssize;
    uint16_t ram_size;
    uint16_t vid_mode;
    uint16_t root_dev;
    uint16_t boot_flag;
    uint16_t jump; /* its second byte: where the header ends, from 0x202 */
    uint32_t header;
    uint16_t version;
    uint32_t realmode_swtch;
    uint16_t start_sys_seg;
    uint16_t kernel_version;
    uint8_t type_of_loader;
    uint8_t loadflags;
    uint16_t setup_move_size;
    uint32_t code32_start;
    uint32_t ramdisk_image;
    uint32_t ramdisk_size;
    uint32_t bootsect_kludge;
    uint16_t heap_end_ptr;
    uint8_t ext_loader_ver;
    uint8_t ext_loader_type;
    uint32_t cmd_line_ptr;
    uint32_t initrd_addr_max;
    uint32_t kernel_alignment;
    uint8_t relocatable_kernel;
    uint8_t min_alignment;
    uint16_t xloadflags;
    uint32_t cmdline_size;
    uint32_t hardware_subarch;
    uint64_t hardware_subarch_data;
    uint32_t payload_offset;
    uint32_t payload_length;
    uint64_t setup_data;
    uint64_t pref_address;
    uint32_t init_size;
    uint32_t handover_offset;
    uint32_t kernel_info_offset;
} __attribute__((packed));
_Static_assert(sizeof(struct linux_setup_header) == 0x26C - 0x1F1, "boot.rst");
_Static_assert(offsetof(struct linux_setup_header, header) == 0x202 - 0x1F1, "boot.rst");
_Static_assert(offsetof(struct linux_setup_header, pref_address) == 0x258 - 0x1F1, "boot.rst");

/* A list that setup_header.setup_data begins; what it says follows each head. */
struct linux_setup_data {
    uint64_t next_phys;
    uint32_t type;
    uint32_t len;
};
_Static_assert(sizeof(struct linux_setup_data) == 16, "boot.rst");
#define LINUX_SETUP_E820_EXT 1u /* struct e820_entry[] that had no room in boot_params */
#define LINUX_SETUP_DTB      2u /* a flattened device tree */

struct linux_boot_params {
    uint8_t screen_info[0x70];
    uint64_t acpi_rsdp_addr;
    uint8_t reserved0[0xC0 - 0x78];
    uint32_t ext_ramdisk_image;
    uint32_t ext_ramdisk_size;
    uint32_t ext_cmd_line_ptr;
    uint8_t reserved1[0x1E8 - 0xCC];
    uint8_t e820_entries;
    uint8_t reserved2[0x1F1 - 0x1E9];
    struct linux_setup_header setup;
    uint8_t reserved3[0x2D0 - 0x26C];
    struct e820_entry e820[LINUX_E820_ENTRIES];
    uint8_t reserved4[0x1000 - 0x2D0 - LINUX_E820_ENTRIES * 20];
} __attribute__((packed));
_Static_assert(sizeof(struct linux_boot_params) == 4096, "zero-page.rst");
_Static_assert(offsetof(struct linux_boot_params, e820_entries) == 0x1E8, "zero-page.rst");
_Static_assert(offsetof(struct linux_boot_params, setup) == 0x1F1, "zero-page.rst");
#endif

#endif
