/**
 * UEFI as far as a program needs it that is started by it and takes the machine over: the memory
 * map (UEFI 2.10, 7.2.3), which other loaders hand on, too, and the services called before that.
 */
#ifndef ABI_EFI_H
#define ABI_EFI_H

#include <stdbool.h>
#include <stdint.h>

#define EFI_PAGE_BYTES 4096u

enum efi_memory_type {
    EFI_MEMORY_RESERVED = 0,
    EFI_MEMORY_LOADER_CODE = 1,
    EFI_MEMORY_LOADER_DATA = 2,
    EFI_MEMORY_BOOT_CODE = 3, /* boot services; free once they have ended */
    EFI_MEMORY_BOOT_DATA = 4,
    EFI_MEMORY_RUNTIME_CODE = 5,
    EFI_MEMORY_RUNTIME_DATA = 6,
    EFI_MEMORY_CONVENTIONAL = 7,
    EFI_MEMORY_UNUSABLE = 8,
    EFI_MEMORY_ACPI_RECLAIM = 9,
    EFI_MEMORY_ACPI_NVS = 10,
};

/* An attribute: memory of some kind that is kept for some use, though it is conventional. */
#define EFI_MEMORY_SPECIFIC_PURPOSE 0x40000u

/* The next one may lie further than this is long. */
struct efi_memory_descriptor {
    uint32_t type; /* enum efi_memory_type, or one that is not above */
    uint32_t padding;
    uint64_t start_phys;
    uint64_t start_virtual;
    uint64_t pages;
    uint64_t attributes;
};
_Static_assert(sizeof(struct efi_memory_descriptor) == 40, "UEFI 2.10, 7.2.3");

/* A status: 0, or an error with its highest bit set (appendix D). */
#define EFI_SUCCESS          0
#define EFI_ERROR            (1ull << 63)
#define EFI_BUFFER_TOO_SMALL (EFI_ERROR | 5)

/* What AllocatePages() is asked for (7.2.1). */
#define EFI_ALLOCATE_MAX_ADDRESS 1

/* UEFI's functions are called as Microsoft's compilers call (2.3.4). */
#define EFI_CALL __attribute__((ms_abi))

typedef uint64_t efi_status;
typedef void *efi_handle;

struct efi_guid {
    uint32_t data1;
    uint16_t data2, data3;
    uint8_t data4[8];
};

#define EFI_LOADED_IMAGE_GUID                                                                      \
    {                                                                                              \
        0x5b1b31a1, 0x9562, 0x11d2,                                                                \
        {                                                                                          \
            0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b                                         \
        }                                                                                          \
    }
#define EFI_LOAD_FILE2_GUID                                                                        \
    {                                                                                              \
        0x4006c0c1, 0xfcb3, 0x403e,                                                                \
        {                                                                                          \
            0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d                                         \
        }                                                                                          \
    }
#define EFI_ACPI_10_TABLE_GUID                                                                     \
    {                                                                                              \
        0xeb9d2d30, 0x2d88, 0x11d3,                                                                \
        {                                                                                          \
            0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d                                         \
        }                                                                                          \
    }
#define EFI_ACPI_20_TABLE_GUID                                                                     \
    {                                                                                              \
        0x8868e871, 0xe4f1, 0x11d3,                                                                \
        {                                                                                          \
            0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81                                         \
        }                                                                                          \
    }
/* A flattened device tree (Devicetree specification, and EBBR 2.3). */
#define EFI_DTB_TABLE_GUID                                                                         \
    {                                                                                              \
        0xb1b621d5, 0xf19c, 0x41a5,                                                                \
        {                                                                                          \
            0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0                                         \
        }                                                                                          \
    }
/* Where firmware offers the initial RAM disk (Linux, EFI stub). */
#define EFI_LINUX_INITRD_GUID                                                                      \
    {                                                                                              \
        0x5568e427, 0x68fc, 0x4f3d,                                                                \
        {                                                                                          \
            0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68                                         \
        }                                                                                          \
    }

struct efi_table_header {
    uint64_t signature;
    uint32_t revision, bytes, crc32, reserved;
};

struct efi_text_output {
    void *reset;
    efi_status(EFI_CALL *output_string)(struct efi_text_output *self, const uint16_t *text);
};

/* Members that nobody here calls are there for their places only (4.4.1). */
struct efi_boot_services {
    struct efi_table_header header;
    void *raise_tpl, *restore_tpl;
    efi_status(EFI_CALL *allocate_pages)(int how, int type, uint64_t pages, uint64_t *phys);
    efi_status(EFI_CALL *free_pages)(uint64_t phys, uint64_t pages);
    efi_status(EFI_CALL *get_memory_map)(uint64_t *bytes, void *map, uint64_t *key,
                                         uint64_t *entry_bytes, uint32_t *version);
    void *allocate_pool, *free_pool;
    void *create_event, *set_timer, *wait_for_event, *signal_event, *close_event, *check_event;
    void *install_protocol, *reinstall_protocol, *uninstall_protocol;
    efi_status(EFI_CALL *handle_protocol)(efi_handle handle, const struct efi_guid *protocol,
                                          void **interface);
    void *reserved, *register_protocol_notify, *locate_handle;
    efi_status(EFI_CALL *locate_device_path)(const struct efi_guid *protocol, void **path,
                                             efi_handle *handle);
    void *install_configuration_table, *load_image, *start_image, *exit, *unload_image;
    efi_status(EFI_CALL *exit_boot_services)(efi_handle image, uint64_t key);
};

struct efi_configuration_table {
    struct efi_guid guid;
    void *table;
};
_Static_assert(sizeof(struct efi_configuration_table) == 24, "UEFI 2.10, 4.6");

#define EFI_SYSTEM_TABLE_SIGNATURE 0x5453595320494249u /* "IBI SYST" */

struct efi_system_table {
    struct efi_table_header header;
    uint16_t *vendor;
    uint32_t revision;
    efi_handle console_in_handle;
    void *console_in;
    efi_handle console_out_handle;
    struct efi_text_output *console_out;
    efi_handle console_error_handle;
    void *console_error;
    void *runtime_services;
    struct efi_boot_services *boot;
    uint64_t table_count;
    struct efi_configuration_table *tables;
};
_Static_assert(sizeof(struct efi_system_table) == 120, "UEFI 2.10, 4.3");

struct efi_loaded_image {
    uint32_t revision;
    efi_handle parent;
    struct efi_system_table *system;
    efi_handle device;
    void *file_path, *reserved;
    uint32_t options_bytes;
    const uint16_t *options; /* the command line */
};

struct efi_load_file {
    efi_status(EFI_CALL *load_file)(struct efi_load_file *self, void *path, bool boot_policy,
                                    uint64_t *bytes, void *buffer);
};

/* A device path of one vendor-defined medium, and its end (10.3). */
struct efi_vendor_path {
    uint8_t type, subtype;
    uint16_t bytes;
    struct efi_guid guid;
    uint8_t end_type, end_subtype;
    uint16_t end_bytes;
} __attribute__((packed));
_Static_assert(sizeof(struct efi_vendor_path) == 24, "UEFI 2.10, 10.3.5.3");

#define EFI_PATH_MEDIA        4
#define EFI_PATH_MEDIA_VENDOR 3
#define EFI_PATH_VENDOR_BYTES 20
#define EFI_PATH_END          0x7F
#define EFI_PATH_END_ENTIRE   0xFF
#define EFI_PATH_END_BYTES    4

#endif
