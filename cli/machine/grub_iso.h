/**
 * An ISO image that GRUB boots under BIOS and under UEFI: how a program is started on firmware
 * that QEMU's -kernel cannot start it on.
 */
#ifndef CLI_GRUB_ISO_H
#define CLI_GRUB_ISO_H

#include <stdbool.h>

#include <glib.h>

#define GRUB_ISO_MODULES 3

/** What it boots, by Multiboot 2. Words are as the program is to see them, without GRUB's escapes.
 */
struct grub_iso {
    const char *program;                        /* an image with a Multiboot 2 header */
    const char *words;                          /* its command line, or NULL */
    const char *modules[GRUB_ISO_MODULES];      /* files, in order; NULL: no more of them */
    const char *module_words[GRUB_ISO_MODULES]; /* their command lines, or NULL */
};

/**
 * Make the image at @path, which is replaced, in seconds; it boots at once, without a menu. A
 * missing grub-mkrescue, or one of GRUB's two platforms, is an error that names the packages;
 * that, a failure and a time-out are CLI_ENVIRONMENT errors, and leave nothing at @path. Words
 * that no line of GRUB's can carry (a line end) are CLI_USAGE.
 *
 * A module's words follow its file's name (module0, module1 ...) as QEMU's -initrd has them: both
 * Multiboots hand on name and words alike.
 */
bool grub_iso_make(const char *path, const struct grub_iso *iso, GError **error);

#endif
