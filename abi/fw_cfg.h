/**
 * QEMU's firmware configuration device (QEMU docs/specs/fw_cfg) and its ACPI table loader
 * (docs/specs/acpi..., hw/acpi/bios-linker-loader.c): what firmware is given to boot with.
 */
#ifndef ABI_FW_CFG_H
#define ABI_FW_CFG_H

/* Ports of the old interface: two bytes of selector, then a byte of data at a time. */
#define FW_CFG_PORT_SELECTOR 0x510
#define FW_CFG_PORT_DATA     0x511

/* Ports of the DMA interface: the descriptor's address, big endian; the lower half starts it. */
#define FW_CFG_PORT_DMA_HIGH 0x514
#define FW_CFG_PORT_DMA_LOW  0x518

/* Items, by selector. Sizes and counts are little endian, those of the directory big. */
#define FW_CFG_SIGNATURE    0x00 /* "QEMU" */
#define FW_CFG_ID           0x01 /* features */
#define FW_CFG_ID_DMA       0x02u
#define FW_CFG_NB_CPUS      0x05 /* uint16_t */
#define FW_CFG_KERNEL_SIZE  0x08
#define FW_CFG_INITRD_SIZE  0x0B
#define FW_CFG_MAX_CPUS     0x0F /* uint16_t: on a PC, the highest possible APIC ID + 1 */
#define FW_CFG_KERNEL_DATA  0x11
#define FW_CFG_INITRD_DATA  0x12
#define FW_CFG_CMDLINE_SIZE 0x14
#define FW_CFG_CMDLINE_DATA 0x15
#define FW_CFG_SETUP_SIZE   0x17
#define FW_CFG_SETUP_DATA   0x18
#define FW_CFG_FILE_DIR     0x19
#define FW_CFG_FILES_MAX    1024u /* far more than QEMU gives */
#define FW_CFG_NAME_BYTES   56u

#define FW_CFG_DMA_ERROR          0x01
#define FW_CFG_DMA_READ           0x02
#define FW_CFG_DMA_SKIP           0x04
#define FW_CFG_DMA_SELECT         0x08 /* the selector is in the upper half */
#define FW_CFG_DMA_WRITE          0x10
#define FW_CFG_DMA_SELECTOR_SHIFT 16

/* Beyond these there are types. */
#ifndef __ASSEMBLER__
#include <stdint.h>

/* All fields big endian. */
struct fw_cfg_dma {
    uint32_t control; /* 0 once it is done; ERROR if it failed */
    uint32_t bytes;
    uint64_t address;
};
_Static_assert(sizeof(struct fw_cfg_dma) == 16, "fw_cfg, DMA interface");

/* The directory: a count, then these; big endian. */
struct fw_cfg_entry {
    uint32_t bytes;
    uint16_t selector;
    uint16_t reserved;
    char name[FW_CFG_NAME_BYTES];
};
_Static_assert(sizeof(struct fw_cfg_entry) == 64, "fw_cfg, file directory");

/* The table loader's script, "etc/table-loader": little endian, one entry after the other. */
#define ACPI_LOADER_ALLOCATE      1
#define ACPI_LOADER_ADD_POINTER   2
#define ACPI_LOADER_ADD_CHECKSUM  3
#define ACPI_LOADER_WRITE_POINTER 4

struct acpi_loader_command {
    uint32_t command;
    union {
        struct {
            char file[FW_CFG_NAME_BYTES];
            uint32_t align;
            uint8_t zone; /* 1: anywhere below 4 GiB, 2: the BIOS's F segment */
        } __attribute__((packed)) allocate;
        struct {
            char dest_file[FW_CFG_NAME_BYTES];
            char src_file[FW_CFG_NAME_BYTES];
            uint32_t offset;
            uint8_t bytes;
        } __attribute__((packed)) add_pointer;
        struct {
            char file[FW_CFG_NAME_BYTES];
            uint32_t offset;
            uint32_t start;
            uint32_t length;
        } __attribute__((packed)) add_checksum;
        struct {
            char dest_file[FW_CFG_NAME_BYTES]; /* of fw_cfg: written back to the host */
            char src_file[FW_CFG_NAME_BYTES];
            uint32_t dest_offset;
            uint32_t src_offset;
            uint8_t bytes;
        } __attribute__((packed)) write_pointer;
        uint8_t pad[124];
    };
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_loader_command) == 128, "bios-linker-loader.c");

#endif
#endif
