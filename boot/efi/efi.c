#include "boot/efi/efi.h"

#include <stddef.h>

#include "boot/console.h"
#include "lib/firmware/boot_info.h"

#define MAP_SPARE  8192u /* the map grows with each allocation until the end */
#define LINE_UNITS 128u

void efi_print(const struct efi *efi, const char *text)
{
    uint16_t line[LINE_UNITS];
    size_t length = 0;
    for (; text[length] && length < LINE_UNITS - 1; length++)
        line[length] = (uint8_t)text[length];
    line[length] = 0;
    efi->system->console_out->output_string(efi->system->console_out, line);
}

void efi_map_make_room(struct efi *efi, struct efi_map *map)
{
    *map = (struct efi_map){0};
    (void)efi->boot->get_memory_map(&map->bytes, NULL, &map->key, &map->entry_bytes, &map->version);
    map->room = map->bytes + MAP_SPARE;
    map->entries = (uint8_t *)efi_allocate(efi, map->room);
}

static void *protocol_of(const struct efi *efi, efi_handle handle, const struct efi_guid *guid)
{
    void *interface = NULL;
    return efi->boot->handle_protocol(handle, guid, &interface) ? NULL : interface;
}

#define OWN_WORD "initrd=initrd"

static bool has_word(const uint16_t *units, const char *word)
{
    while (*word && *units == (uint8_t)*word)
        units++, word++;
    return !*word;
}

/* OVMF's own word, where there is an initrd: behind QEMU's words, or (since 2026) before them. */
static const uint16_t *drop_own_word(const uint16_t *options, uint64_t *length)
{
    uint64_t own = sizeof(OWN_WORD " ") - 1;
    if (*length < own)
        return options;
    bool first = has_word(options, OWN_WORD " ");
    if (first || has_word(options + *length - own, " " OWN_WORD))
        *length -= own;
    return first ? options + own : options;
}

/* QEMU's words come as UCS-2, and are ASCII; what is not becomes a question mark. */
uint64_t efi_options(const struct efi *efi, char *text)
{
    static const struct efi_guid guid = EFI_LOADED_IMAGE_GUID;
    const struct efi_loaded_image *loaded = protocol_of(efi, efi->image, &guid);
    const uint16_t *options = loaded ? loaded->options : NULL;
    uint64_t units = options ? loaded->options_bytes / sizeof(uint16_t) : 0;
    uint64_t length = 0;
    while (length < units && options[length])
        length++;
    options = drop_own_word(options, &length);
    for (uint64_t i = 0; text && i < length; i++)
        text[i] = options[i] < 0x80 ? (char)options[i] : '?';
    return length;
}

static void *map_as_it_is(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    (void)bytes;
    return (void *)phys;
}

const void *efi_rsdp(const struct efi *efi)
{
    const struct muster_platform memory = {.map = map_as_it_is}; /* made here: no relocating */
    struct muster_boot_info info = {0};
    (void)boot_info_find_uefi_tables(&memory, (uint64_t)efi->system, &info);
    return (const void *)info.rsdp_phys;
}

/* The protocol is called with the rest of the path, which LocateDevicePath() leaves: its end. */
uint64_t efi_initrd(struct efi *efi, uint64_t *phys)
{
    static const struct efi_guid guid = EFI_LOAD_FILE2_GUID;
    struct efi_vendor_path medium = {
        .type = EFI_PATH_MEDIA,
        .subtype = EFI_PATH_MEDIA_VENDOR,
        .bytes = EFI_PATH_VENDOR_BYTES,
        .guid = EFI_LINUX_INITRD_GUID,
        .end_type = EFI_PATH_END,
        .end_subtype = EFI_PATH_END_ENTIRE,
        .end_bytes = EFI_PATH_END_BYTES,
    };
    void *path = &medium;
    efi_handle handle;
    uint64_t bytes = 0;
    if (efi->boot->locate_device_path(&guid, &path, &handle))
        return 0;
    struct efi_load_file *file = protocol_of(efi, handle, &guid);
    if (!file || file->load_file(file, path, false, &bytes, NULL) != EFI_BUFFER_TOO_SMALL)
        return 0;
    *phys = efi_allocate(efi, bytes);
    return file->load_file(file, path, false, &bytes, (void *)*phys) ? 0 : bytes;
}
