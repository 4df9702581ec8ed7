/**
 * The directory of QEMU's fw_cfg, once it has been copied out of the host's reach.
 */
#ifndef SHIM_FW_CFG_DIRECTORY_H
#define SHIM_FW_CFG_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

struct fw_cfg_file {
    uint16_t selector;
    uint32_t bytes;
};

/** Bytes that a directory of so many files takes, by its first 4 bytes; 0: too many to be one. */
uint32_t fw_cfg_directory_bytes(const uint8_t count[4]);

/** The first file of that name, in a directory of @bytes; false if there is none. */
bool fw_cfg_directory_find(const void *directory, uint32_t bytes, const char *name,
                           struct fw_cfg_file *file);

#endif
