/**
 * What the EFI program asks of UEFI (abi/efi.h). Nothing comes back from an error: it is told on
 * UEFI's console, and that is the end.
 */
#ifndef BOOT_EFI_EFI_H
#define BOOT_EFI_EFI_H

#include <stdint.h>

#include "abi/efi.h"

struct efi {
    efi_handle image;
    struct efi_system_table *system;
    struct efi_boot_services *boot;
};

/** The memory map, and the room that it has. */
struct efi_map {
    uint8_t *entries;
    uint64_t room, bytes, entry_bytes, key;
    uint32_t version;
};

/** ASCII, with "\r\n" for a line's end. */
void efi_print(const struct efi *efi, const char *text);

/** Pages below 4 GiB, of loader data, which an OS may use again once it has read them. */
uint64_t efi_allocate(struct efi *efi, uint64_t bytes);

/** Room for the map, and for what it grows by until boot services end. */
void efi_map_make_room(struct efi *efi, struct efi_map *map);

/** The command line's length in ASCII; copied to @text if that is not NULL, without its end. */
uint64_t efi_options(const struct efi *efi, char *text);

/** ACPI's RSDP, or NULL. */
const void *efi_rsdp(const struct efi *efi);

/** What firmware offers as an initrd, in pages of its own; gives its bytes, 0: there is none. */
uint64_t efi_initrd(struct efi *efi, uint64_t *phys);

#endif
