/**
 * Private to the library and the boot programs: the walk over the tags that a Multiboot 2 loader
 * left (specification 2.0, 3.6.2). Who reads which of them is theirs; that each lies within the
 * information is checked here.
 */
#ifndef LIB_FIRMWARE_MULTIBOOT2_TAGS_H
#define LIB_FIRMWARE_MULTIBOOT2_TAGS_H

#include "abi/multiboot2.h"
#include "lib/firmware/boot_info.h"

/* A UEFI memory map and the sections of an ELF are the longest that comes. */
#define MULTIBOOT2_INFORMATION_MAX 0x400000u

struct multiboot2_tags {
    uint64_t phys; /* of the information */
    const uint8_t *start;
    uint32_t bytes; /* of all of it */
    uint32_t at;    /* where the next tag is */
};

/** How far the next tag is behind one of @bytes: also in the header (3.1.3). */
static inline uint64_t multiboot2_tag_step(uint64_t bytes)
{
    return (bytes + MULTIBOOT2_TAG_ALIGN - 1) & ~(uint64_t)(MULTIBOOT2_TAG_ALIGN - 1);
}

/** False: it cannot be mapped, or has an impossible size. */
static inline bool multiboot2_tags_open(struct multiboot2_tags *tags,
                                        const struct muster_platform *platform, uint64_t info_phys)
{
    struct multiboot2_information head;
    if (!boot_info_copy(platform, info_phys, &head, sizeof(head)) || head.bytes < sizeof(head) ||
        head.bytes > MULTIBOOT2_INFORMATION_MAX)
        return false;
    *tags = (struct multiboot2_tags){.phys = info_phys, .bytes = head.bytes, .at = sizeof(head)};
    tags->start = boot_info_map(platform, info_phys, head.bytes);
    return tags->start != NULL;
}

/**
 * The next tag, the last one included: its head is copied to @tag, the whole of it lies at @start,
 * and at the address given. 0: it runs past the end of the information, or there is no last one.
 */
static inline uint64_t multiboot2_tags_next(struct multiboot2_tags *tags,
                                            struct multiboot2_tag *tag, const uint8_t **start)
{
    uint32_t left = tags->bytes - tags->at;
    uint64_t phys = tags->phys + tags->at;
    if (left < sizeof(*tag))
        return 0;
    *start = tags->start + tags->at;
    memcpy(tag, *start, sizeof(*tag));
    if (tag->bytes < sizeof(*tag) || tag->bytes > left)
        return 0;
    /* The last tag before the end may be cut short of its padding: no next one then. */
    uint64_t step = multiboot2_tag_step(tag->bytes);
    tags->at += step < left ? (uint32_t)step : left;
    return phys;
}

#endif
