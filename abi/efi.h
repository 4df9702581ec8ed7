/**
 * UEFI's memory map (UEFI 2.10, 7.2.3), as loaders hand it on.
 */
#ifndef ABI_EFI_H
#define ABI_EFI_H

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

#endif
