/**
 * A boot program's own image: position-independent, its parts on page borders, laid out by
 * boot/image.ld, entered by boot/entry_*.S.
 *
 * The entry code turns long mode on, on page tables that identity-map the first 4 GiB (only the
 * text executable, and it read-only), applies the relocations and calls boot_main().
 */
#ifndef BOOT_IMAGE_H
#define BOOT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden) /* reached without the GOT, which needs relocating itself */

extern const uint64_t image_link_address; /* where the image was linked to run */
extern char image_start[], image_end[];   /* 2 MiB-aligned; end includes the BSS */
extern char text_start[], text_end[];     /* read and execute */
extern char rodata_start[], rodata_end[];
extern char data_start[]; /* read and write, up to image_end */
extern char boot_stack_top[];
extern char boot_enter[]; /* the 32-bit entry behind all loaders' entries: boot/enter.S */

#pragma GCC visibility pop

/** Whether any byte of a range is the image's. The range does not wrap around. */
static inline bool image_has(uint64_t phys, uint64_t bytes)
{
    return phys < (uint64_t)image_end && phys + bytes > (uint64_t)image_start;
}

/** Apply the image's R_X86_64_RELATIVE entries for where it now runs. From the entry code. */
void image_relocate(void);

/** The same for a copy of this image that lies at @base, which may be anywhere. */
void image_relocate_copy(uint64_t base);

/**
 * The program's own start, on the BSP: interrupts off, 64 KiB stack.
 * @info_phys  PVH start info or Multiboot information, as the loader gave it
 * @magic      EAX at entry: Multiboot's magic; anything under PVH, whose start info has its own
 */
void boot_main(uint64_t info_phys, uint32_t magic);

#endif
