/**
 * What a loader says of the screen that it left.
 */
#ifndef BOOT_SCREEN_MODE_H
#define BOOT_SCREEN_MODE_H

#include <stdbool.h>
#include <stdint.h>

enum screen_kind {
    SCREEN_NONE,
    SCREEN_VGA_TEXT, /* two bytes for each character: itself, and its colours */
    SCREEN_FRAMEBUFFER,
};

/** Where one colour lies in a pixel. */
struct screen_channel {
    uint8_t bit; /* the lowest */
    uint8_t bits;
};

struct screen_mode {
    enum screen_kind kind;
    uint8_t pixel_bytes; /* 2 to 4; framebuffers only, and so are the colours */
    struct screen_channel red, green, blue;
    uint32_t width, height; /* pixels, or characters */
    uint32_t pitch_bytes;   /* from one line to the next */
    uint64_t phys;
};

/** Bytes from the screen's first to its last. */
static inline uint64_t screen_mode_bytes(const struct screen_mode *mode)
{
    return (uint64_t)mode->height * mode->pitch_bytes;
}

/** Whether all of it lies below @limit_phys, where somebody's page tables end. */
static inline bool screen_mode_is_below(const struct screen_mode *mode, uint64_t limit_phys)
{
    uint64_t bytes = screen_mode_bytes(mode);
    return bytes <= limit_phys && mode->phys <= limit_phys - bytes;
}

#endif
