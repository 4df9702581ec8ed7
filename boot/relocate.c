#include "boot/image.h"

#include <elf.h>

__attribute__((visibility("hidden"))) extern const Elf64_Rela relocations_start[],
    relocations_end[];

void image_relocate_copy(uint64_t base)
{
    uint64_t moved = base - image_link_address;
    for (const Elf64_Rela *relocation = relocations_start; relocation < relocations_end;
         relocation++) {
        uint64_t *place = (uint64_t *)(relocation->r_offset + moved);
        *place = (uint64_t)relocation->r_addend + moved;
    }
}

void image_relocate(void)
{
    image_relocate_copy((uint64_t)image_start);
}
