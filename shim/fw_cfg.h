/**
 * QEMU's fw_cfg by DMA: through one large page that is shared with the host meanwhile. What was
 * read lies elsewhere, in a TD in private memory, and cannot change any more. On the BSP.
 */
#ifndef SHIM_FW_CFG_H
#define SHIM_FW_CFG_H

#include <stdbool.h>
#include <stdint.h>

/** Share the page. NULL, or a sentence that says why there is no fw_cfg. */
const char *fw_cfg_open(void);

/** Take the page back. */
const char *fw_cfg_close(void);

/** Read an item from its beginning; false if the host fails to deliver in time. */
bool fw_cfg_read(uint16_t selector, void *to, uint64_t bytes);

/** Write @bytes (a page at most) at @offset of an item. */
bool fw_cfg_write(uint16_t selector, uint32_t offset, const void *from, uint32_t bytes);

/** An item that is one number. */
uint32_t fw_cfg_number(uint16_t selector);

#endif
