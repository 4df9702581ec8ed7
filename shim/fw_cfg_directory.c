#include "shim/fw_cfg_directory.h"

#include "abi/fw_cfg.h"
#include "boot/console.h"

uint32_t fw_cfg_directory_bytes(const uint8_t count[4])
{
    uint32_t files;
    memcpy(&files, count, sizeof(files));
    files = __builtin_bswap32(files);
    if (files > FW_CFG_FILES_MAX)
        return 0;
    return (uint32_t)(sizeof(files) + files * sizeof(struct fw_cfg_entry));
}

/* A name that fills its field without an end is nobody's: no name that is asked for is as long. */
bool fw_cfg_directory_find(const void *directory, uint32_t bytes, const char *name,
                           struct fw_cfg_file *file)
{
    const uint8_t *at = directory;
    if (bytes < sizeof(uint32_t) || fw_cfg_directory_bytes(at) == 0)
        return false;
    uint32_t wanted = fw_cfg_directory_bytes(at);
    uint32_t end = wanted < bytes ? wanted : bytes;
    for (uint32_t offset = sizeof(uint32_t); end - offset >= sizeof(struct fw_cfg_entry);
         offset += (uint32_t)sizeof(struct fw_cfg_entry)) {
        struct fw_cfg_entry entry;
        memcpy(&entry, at + offset, sizeof(entry));
        if (strlen(name) >= sizeof(entry.name) || strncmp(entry.name, name, strlen(name) + 1))
            continue;
        file->selector = __builtin_bswap16(entry.selector);
        file->bytes = __builtin_bswap32(entry.bytes);
        return true;
    }
    return false;
}
