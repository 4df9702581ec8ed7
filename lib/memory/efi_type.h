/**
 * Private to the library, and to the EFI program that makes a loader's map of UEFI's: what memory
 * that UEFI describes is to an OS once boot services have ended (UEFI 2.10, 7.2), in the words of
 * E820.
 */
#ifndef LIB_MEMORY_EFI_TYPE_H
#define LIB_MEMORY_EFI_TYPE_H

#include <stdint.h>

#include "abi/e820.h"
#include "abi/efi.h"

static inline uint32_t e820_of_efi(const struct efi_memory_descriptor *memory)
{
    switch (memory->type) {
    case EFI_MEMORY_LOADER_CODE:
    case EFI_MEMORY_LOADER_DATA:
    case EFI_MEMORY_BOOT_CODE:
    case EFI_MEMORY_BOOT_DATA:
    case EFI_MEMORY_CONVENTIONAL:
        return memory->attributes & EFI_MEMORY_SPECIFIC_PURPOSE ? E820_RESERVED : E820_USABLE;
    case EFI_MEMORY_UNUSABLE:
        return E820_UNUSABLE;
    case EFI_MEMORY_ACPI_RECLAIM:
        return E820_ACPI;
    case EFI_MEMORY_ACPI_NVS:
        return E820_NVS;
    default:
        return E820_RESERVED;
    }
}

#endif
