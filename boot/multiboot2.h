/**
 * What a Multiboot 2 loader left: every tag checked once, here, and the rest of the program
 * reads this. Touches nothing but the information itself.
 */
#ifndef BOOT_MULTIBOOT2_H
#define BOOT_MULTIBOOT2_H

#include <stdint.h>

#include <muster/memory.h>

#include "boot/screen_mode.h"

#define MULTIBOOT2_MODULES 16u

struct multiboot2_module {
    uint32_t start_phys; /* before its end; what lies there is not looked at */
    uint32_t end_phys;
    const char *cmdline; /* never NULL, ends within the information; GRUB gives no file name */
};

/** Pointers lead into the information, which must stay. */
struct multiboot2 {
    uint32_t bytes;       /* of the information */
    const char *cmdline;  /* never NULL */
    const void *rsdp;     /* the loader's copy, whose checksum nobody has checked; NULL: none */
    const void *mmap;     /* the tag; never NULL */
    const void *efi_mmap; /* the tag, or NULL */
    uint32_t mmap_bytes;
    uint32_t efi_mmap_bytes;
    uint32_t module_count;
    struct multiboot2_module modules[MULTIBOOT2_MODULES];
    struct screen_mode screen;
    const void *screen_tag; /* the tag that it is from, to be handed on; or NULL */
    uint32_t screen_tag_bytes;
};

/**
 * Read @information, of which at most @limit bytes can be touched. Gives NULL, or a sentence that
 * says what is wrong; the screen counts then, too. One of a kind that nobody here can use is none.
 * Information, modules and screen lie apart.
 */
const char *multiboot2_read(struct multiboot2 *multiboot2, const void *information, uint64_t limit);

/** The framebuffer tag alone, of which @bytes can be touched. NULL, or what is wrong with it. */
const char *multiboot2_read_screen(struct screen_mode *screen, const void *tag, uint32_t bytes);

/**
 * Add the memory maps that came with it: the loader's, and of UEFI's all that is not free memory,
 * which only ever makes the map more careful. NULL, or a sentence that says what is wrong.
 */
const char *multiboot2_add_memory(const struct multiboot2 *multiboot2,
                                  struct muster_memory_map *map);

#endif
