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
 * that GRUB does not hand on as they are (with a line end, a quote or a backslash) are CLI_USAGE.
 *
 * A module's words are all that it is told: GRUB hands on no file's name. Several blanks in a row
 * become one.
 */
bool grub_iso_make(const char *path, const struct grub_iso *iso, GError **error);

#endif
