/**
 * What muster run starts: directly, by the shim, under the monitor, or behind UEFI firmware.
 */
#ifndef CLI_RUN_IMAGE_H
#define CLI_RUN_IMAGE_H

#include "cli/machine/qemu.h"

/** The files and words that a struct qemu_image names. */
struct run_image_texts {
    char *kernel, *shim, *monitor, *kernel_words, *shim_words, *monitor_words;
};

/** False: @error is CLI_ENVIRONMENT. run_image_clear() frees the texts in any case. */
bool run_image_choose(const struct options *options, struct run_image_texts *texts,
                      struct qemu_image *image, GError **error);
void run_image_clear(struct run_image_texts *texts);

#endif
