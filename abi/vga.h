/**
 * VGA's text mode (IBM VGA; as every PC's firmware without UEFI leaves it): two bytes for each
 * character, and the CRT controller's cursor.
 */
#ifndef ABI_VGA_H
#define ABI_VGA_H

/* Where its memory is seen, whatever the mode. */
#define VGA_WINDOW_PHYS     0xA0000u
#define VGA_WINDOW_END_PHYS 0xC0000u

/* The second byte: the character's colour, on black. */
#define VGA_GREY   0x07
#define VGA_CYAN   0x0B
#define VGA_YELLOW 0x0E
#define VGA_WHITE  0x0F

#define VGA_CRTC_INDEX   0x3D4
#define VGA_CRTC_DATA    0x3D5
#define VGA_CURSOR_START 0x0A
#define VGA_CURSOR_OFF   0x20

#endif
