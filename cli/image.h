/**
 * What a machine is started with, for our own kernel.
 */
#ifndef CLI_IMAGE_H
#define CLI_IMAGE_H

#include "cli/machine/qemu.h"

/** The files and words of an image; freed by image_clear(). */
struct image_texts {
    char *kernel, *shim, *monitor, *kernel_words, *shim_words, *monitor_words;
};

/**
 * Our kernel, as @options want it: by itself, by the shim, or under the monitor. False: @error is
 * CLI_ENVIRONMENT. Call image_clear() all the same.
 */
bool image_choose(const struct options *options, struct image_texts *texts,
                  struct qemu_image *image, GError **error);
void image_clear(struct image_texts *texts);

#endif
