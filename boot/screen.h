/**
 * Text on the screen that the loader left: VGA text, or a linear framebuffer with our own letters,
 * as large as leaves 100 columns and 30 lines. One CPU at a time, which the console's lock sees to.
 */
#ifndef BOOT_SCREEN_H
#define BOOT_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/screen_mode.h"

enum screen_colour {
    SCREEN_PLAIN,
    SCREEN_TITLE,
    SCREEN_GOOD,
    SCREEN_BAD,
};

/**
 * Clear it, and let the console write to it, too. @mode's memory must be mapped 1:1, uncached or
 * write-combining, and stay so. Nothing for SCREEN_NONE, or for one that is too small for text.
 */
void screen_open(const struct screen_mode *mode);

bool screen_is_open(void);

/** In characters; 0 if there is none. */
uint32_t screen_columns(void);
uint32_t screen_rows(void);

void screen_clear(void);

/** The text's end is cut at the screen's edge; no line ends in it. */
void screen_put(uint32_t row, uint32_t column, enum screen_colour colour, const char *text);

/** Where the console's text stands: as a terminal, moved up by half a screen at its end. */
void screen_write(const char *text);

#endif
