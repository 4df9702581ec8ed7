#include "cli/image.h"

#include "cli/base/files.h"
#include "cli/machine/td_firmware.h"

static bool choose_monitored_image(struct image_texts *texts, struct qemu_image *image,
                                   GError **error)
{
    texts->monitor = files_own(FILES_MONITOR, error);
    texts->shim = texts->monitor ? files_own(FILES_TD_SHIM, error) : NULL;
    image->monitor = texts->monitor;
    image->monitor_words = texts->monitor_words;
    image->td_firmware = texts->shim;
    return texts->shim != NULL;
}

/* Behind UEFI firmware the kernel is an EFI program, and there is no shim. */
static bool choose_efi_image(const struct options *options, struct image_texts *texts,
                             struct qemu_image *image, GError **error)
{
    texts->monitor = files_own(FILES_MONITOR, error);
    texts->kernel = texts->monitor ? files_own(FILES_KERNEL_EFI, error) : NULL;
    texts->shim = texts->kernel ? td_firmware_find(options->td_firmware, error) : NULL;
    texts->kernel_words = options_kernel_words(options);
    texts->monitor_words = options_monitor_words(options);
    *image = (struct qemu_image){
        .efi = true,
        .bundle = true,
        .monitor = texts->monitor,
        .monitor_words = texts->monitor_words,
        .td_firmware = texts->shim,
        .modules = {texts->kernel, options->then, options->then_initrd},
        .module_words = {texts->kernel_words,
                         options->then ? options_foreign_words(options, options->then_append)
                                       : NULL}};
    return texts->shim != NULL;
}

bool image_choose(const struct options *options, struct image_texts *texts,
                  struct qemu_image *image, GError **error)
{
    if (options->td_firmware)
        return choose_efi_image(options, texts, image, error);
    texts->kernel = files_own(FILES_KERNEL, error);
    texts->kernel_words = options_kernel_words(options);
    *image = (struct qemu_image){.program = texts->kernel, .words = texts->kernel_words};
    if (!texts->kernel || !options_by_mailbox(options))
        return texts->kernel != NULL;

    texts->shim_words = options_shim_words(options);
    const char *next_words = options_foreign_words(options, options->then_append);
    *image = (struct qemu_image){
        .words = texts->shim_words,
        .modules = {texts->kernel, options->then, options->then_initrd},
        .module_words = {texts->kernel_words, options->then ? next_words : NULL}};
    texts->monitor_words = options_monitor_words(options);
    if (options->monitored)
        return choose_monitored_image(texts, image, error);
    texts->shim = files_own(FILES_SHIM, error);
    image->program = texts->shim;
    return texts->shim != NULL;
}

void image_clear(struct image_texts *texts)
{
    g_free(texts->kernel);
    g_free(texts->shim);
    g_free(texts->monitor);
    g_free(texts->kernel_words);
    g_free(texts->shim_words);
    g_free(texts->monitor_words);
}
