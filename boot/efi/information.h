/**
 * Multiboot 2's information, made of what UEFI says (abi/multiboot2.h).
 */
#ifndef BOOT_EFI_INFORMATION_H
#define BOOT_EFI_INFORMATION_H

#include <stdint.h>

#include "boot/efi/efi.h"

struct information {
    uint64_t start;
    uint8_t *next;
};

/** All but memory; room for that, too, as much as @map may take. Boot services run. */
void information_begin(struct efi *efi, struct information *information, const struct efi_map *map);

/** Memory, by the @map with which boot services have ended: UEFI's own, and as E820 has it. */
void information_end(struct information *information, const struct efi_map *map);

#endif
