/**
 * What a Multiboot 2 loader left for a boot program alone: words, modules, screen. RSDP, device
 * tree and memory are the library's to read (muster/boot_info.h). Touches nothing but the
 * information itself.
 */
#ifndef BOOT_MULTIBOOT2_H
#define BOOT_MULTIBOOT2_H

#include <stdint.h>

#include <muster/platform.h>

#include "boot/screen_mode.h"

#define MULTIBOOT2_MODULES 16u

struct multiboot2_module {
    uint32_t start_phys; /* before its end; what lies there is not looked at */
    uint32_t end_phys;
    const char *cmdline; /* never NULL, ends within the information; GRUB gives no file name */
};

/** Pointers lead into the information, which must stay. */
struct multiboot2 {
    uint64_t info_phys;
    uint32_t bytes;      /* of the information */
    const char *cmdline; /* never NULL */
    uint32_t module_count;
    struct multiboot2_module modules[MULTIBOOT2_MODULES];
    struct screen_mode screen;
    const void *screen_tag; /* the tag that it is from, to be handed on; or NULL */
    uint32_t screen_tag_bytes;
};

/**
 * Read the information through the hook map. Gives NULL, or a sentence that says what is wrong; the
 * screen counts then, too. One of a kind that nobody here can use is none. Information, modules and
 * screen lie apart.
 */
const char *multiboot2_read(struct multiboot2 *multiboot2, const struct muster_platform *platform,
                            uint64_t info_phys);

/** The framebuffer tag alone, of which @bytes can be touched. NULL, or what is wrong with it. */
const char *multiboot2_read_screen(struct screen_mode *screen, const void *tag, uint32_t bytes);

#endif
