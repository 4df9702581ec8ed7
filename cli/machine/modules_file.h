/**
 * Writes several files into one, for the kernel as an EFI program (abi/modules_file.h).
 */
#ifndef CLI_MODULES_FILE_H
#define CLI_MODULES_FILE_H

#include <stdbool.h>

#include <glib.h>

/** @files end with NULL or with @most; @words may be NULL. False: @error is CLI_ENVIRONMENT. */
bool modules_file_write(const char *path, const char *const *files, const char *const *words,
                        unsigned most, GError **error);

#endif
