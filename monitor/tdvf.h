/**
 * A TD firmware image (abi/tdvf_image.h) as it is read: where it wants which of its bytes. What
 * is in it is not trusted; whatever does not hold is fatal, by name.
 */
#ifndef MONITOR_TDVF_H
#define MONITOR_TDVF_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/tdvf_image.h"

#define TDVF_MOST_SECTIONS 32

/** Sections as the image lists them. */
struct tdvf_sections {
    unsigned count;
    struct tdvf_section section[TDVF_MOST_SECTIONS];
};

/** Whether an image may have that many @bytes; fatal otherwise. */
void tdvf_check_bytes(int64_t bytes);

/**
 * Read the metadata of the @bytes at @image, checked, that end at 4 GiB in the guest.
 *
 * Every section is of a known type and whole pages, lies in the guest's low memory or where the
 * image itself lies, overlaps no other, and its data is within the image. One covers the reset
 * vector with data of the image.
 *
 * @return the section for the TD HOB
 */
const struct tdvf_section *tdvf_read(const uint8_t *image, uint32_t bytes,
                                     struct tdvf_sections *sections);

#endif
