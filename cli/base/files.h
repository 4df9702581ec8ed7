/**
 * Files: those that a machine is started from, looked at before QEMU is, and those that are
 * written.
 */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include <stdbool.h>

#include <glib.h>

/** Muster's own images. */
#define FILES_KERNEL     "muster-kernel.elf"
#define FILES_KERNEL_EFI "muster-kernel.efi" /* the same kernel */
#define FILES_SHIM       "muster-shim.elf"
#define FILES_TD_SHIM    "muster-tdshim.fd"
#define FILES_MONITOR    "muster-monitor.rom"
#define FILES_FETCH      "../scripts/fetch" /* as it lies in a checkout */

/**
 * One of these, by its name: beside the running command, else in ../share/muster. Caller frees.
 * NULL: @error is CLI_ENVIRONMENT. So it is for all that follows.
 */
char *files_own(const char *name, GError **error);

/** False, with this as a CLI_ENVIRONMENT error: "kernel FILE: what is wrong; what to do". */
bool files_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** A regular file that can be read and is not empty. @what names it in the error. */
bool files_check(const char *what, const char *path, guint64 *bytes, GError **error);

/** And whether it begins as an ELF file does. */
bool files_check_elf(const char *what, const char *path, guint64 *bytes, bool *elf, GError **error);

/**
 * The kernel: a Linux bzImage (@bzimage), an ELF file, or one with a Multiboot header; and the
 * @initrd, if any: small enough for @memory_bytes.
 */
bool files_check_payload(const char *kernel, const char *initrd, guint64 memory_bytes,
                         bool *bzimage, GError **error);

/** The same for firmware that starts EFI programs alone; most bzImages are one, too. */
bool files_check_efi_payload(const char *kernel, const char *initrd, guint64 memory_bytes,
                             bool *bzimage, GError **error);

/** Whether a new file takes its place; a device, a pipe or a link is written to as it is. */
bool files_is_replaced(const char *path);

/** Whether both names, neither NULL, are one file's, be it there or not. */
bool files_are_same(const char *one, const char *other);

/** A file can be written there later. NULL is none, and good. @what names it in the error. */
bool files_check_output(const char *what, const char *path, GError **error);

/**
 * Write a file: the whole of it, or nothing; into a device, a pipe or a link as it is.
 * False: @error is CLI_ENVIRONMENT.
 */
bool files_put(const char *what, const char *path, const char *bytes, size_t length,
               GError **error);

#endif
