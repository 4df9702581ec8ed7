/**
 * A private folder for one machine: its sockets, pipes and links.
 */
#ifndef CLI_TEMP_H
#define CLI_TEMP_H

#include <glib.h>

/**
 * A new folder, mode 0700, under $TMPDIR or /tmp. Its path is short enough for a socket and has
 * no space or comma, which QEMU's options could not carry. NULL: @error is CLI_ENVIRONMENT.
 *
 * Also removes this user's folders whose makers were killed before they could do it.
 */
char *temp_create(GError **error);

/** @folder and the plain files in it are removed, @folder is freed. NULL is nothing. */
void temp_remove(char *folder);

#endif
