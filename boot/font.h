/**
 * The screen's letters: boot/font.txt, by scripts/make-font.
 */
#ifndef BOOT_FONT_H
#define BOOT_FONT_H

#include <stdint.h>

#define FONT_WIDTH   8u
#define FONT_HEIGHT  16u
#define FONT_FIRST   0x20 /* the first letter's code; the others follow in order */
#define FONT_LETTERS 95u

/** A line's leftmost dot is its highest bit. */
extern const uint8_t font[FONT_LETTERS][FONT_HEIGHT];

#endif
