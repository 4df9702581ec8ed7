/**
 * The file that QEMU's machine finds as its firmware.
 */
#ifndef CLI_FIRMWARE_H
#define CLI_FIRMWARE_H

#include "cli/options.h"

struct qemu;

/** "seabios", "qboot", "ovmf"; "monitor", where Muster's monitor is in its place. */
const char *firmware_name(const struct options *options);

/**
 * The file, among those that came with this QEMU; *@file is NULL where QEMU's own choice is the
 * right one and nobody asked for it by name. Caller frees. False: @error is CLI_ENVIRONMENT, and
 * names the package.
 */
bool firmware_find(const struct qemu *qemu, const struct options *options, char **file,
                   GError **error);

#endif
