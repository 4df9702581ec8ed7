/**
 * A TD's own metadata, as far as its guest reads and writes it (Intel TDX Module ABI, TDG.VM.RD
 * and TDG.VM.WR): one set for all vCPUs; any of them may call, several at once.
 */
#ifndef MONITOR_METADATA_H
#define MONITOR_METADATA_H

#include <stdint.h>

/** @return TDX_SUCCESS with @value, or TDX_METADATA_FIELD_ID */
uint64_t metadata_read(uint64_t field, uint64_t *value);

/**
 * Write those bits of @value that @mask names.
 *
 * @param old  what the field held, on success
 * @return TDX_SUCCESS, TDX_METADATA_FIELD_ID, TDX_METADATA_NOT_WRITABLE (none of these bits can
 *         be written), TDX_METADATA_VALUE (one would change that may not)
 */
uint64_t metadata_write(uint64_t field, uint64_t value, uint64_t mask, uint64_t *old);

#endif
