/**
 * The guest's firmware: an image as a TDX host takes it (monitor/tdvf.h), given by QEMU's -fw_cfg.
 */
#ifndef MONITOR_LOADER_H
#define MONITOR_LOADER_H

#include <stdint.h>

/** Read the image, put its sections where they belong, write the TD HOB; gives its address. */
uint64_t loader_load(void);

#endif
