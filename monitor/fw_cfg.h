/**
 * QEMU's fw_cfg from the monitor's side, before its guest uses it: on the BSP, by DMA.
 */
#ifndef MONITOR_FW_CFG_H
#define MONITOR_FW_CFG_H

#include <stdbool.h>
#include <stdint.h>

/** Whether there is such a device, with DMA. */
bool fw_cfg_present(void);

/** An item of two bytes by its number. */
uint16_t fw_cfg_number(uint16_t item);

/** Find a file; gives its size, and in @item its number. -1 if there is none of this name. */
int64_t fw_cfg_find(const char *name, uint16_t *item);

/** The first @bytes of an item; false if the device reports an error. */
bool fw_cfg_read(uint16_t item, void *to, uint32_t bytes);

#endif
