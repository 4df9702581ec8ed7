/**
 * The guest's firmware: an image as a TDX host takes it (TDVF metadata, abi/tdvf_image.h), given
 * by QEMU's -fw_cfg. What is in it is not trusted.
 */
#ifndef MONITOR_LOADER_H
#define MONITOR_LOADER_H

#include <stdint.h>

#include "abi/tdvf_image.h"

#define LOADER_MOST_SECTIONS 32

/** Sections as the image lists them, checked. */
struct loader_sections {
    unsigned count;
    struct tdvf_section section[LOADER_MOST_SECTIONS];
};

/** Read the image, put its sections where they belong, write the TD HOB; gives its address. */
uint64_t loader_load(void);

#endif
