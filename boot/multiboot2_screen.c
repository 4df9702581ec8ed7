/* The screen that a Multiboot 2 loader left (specification 2.0, 3.6.12). */
#include "abi/multiboot2.h"
#include "abi/vga.h"
#include "boot/console.h"
#include "boot/multiboot2.h"

/* No screen has as many, and to clear one that had would take minutes. */
#define SCREEN_MOST_ACROSS 16384u
#define PITCH_MOST_BYTES   (4 * 2 * SCREEN_MOST_ACROSS)

static bool channel_fits(const struct screen_channel *channel, uint32_t pixel_bits)
{
    return channel->bits > 0 && channel->bits <= 8 && channel->bit + channel->bits <= pixel_bits;
}

/* The colours of a framebuffer, @left bytes @behind its tag; false if we cannot paint with them. */
static bool read_colours(struct screen_mode *screen, uint8_t pixel_bits, const void *behind,
                         uint32_t left)
{
    struct multiboot2_framebuffer_rgb rgb;
    if (left < sizeof(rgb))
        return false;
    memcpy(&rgb, behind, sizeof(rgb));
    screen->red = (struct screen_channel){rgb.red_bit, rgb.red_bits};
    screen->green = (struct screen_channel){rgb.green_bit, rgb.green_bits};
    screen->blue = (struct screen_channel){rgb.blue_bit, rgb.blue_bits};
    screen->pixel_bytes = (uint8_t)((pixel_bits + 7u) / 8);
    return screen->pixel_bytes >= 2 && screen->pixel_bytes <= 4 &&
           channel_fits(&screen->red, pixel_bits) && channel_fits(&screen->green, pixel_bits) &&
           channel_fits(&screen->blue, pixel_bits);
}

/* The tag's screen; of kind NONE if it is of a kind that nobody here can use. */
static struct screen_mode screen_of(const uint8_t *tag, uint32_t bytes)
{
    struct multiboot2_framebuffer_tag framebuffer;
    memcpy(&framebuffer, tag, sizeof(framebuffer));
    struct screen_mode screen = {
        .width = framebuffer.width,
        .height = framebuffer.height,
        .pitch_bytes = framebuffer.pitch_bytes,
        .phys = framebuffer.phys,
    };
    if (framebuffer.type == MULTIBOOT2_FRAMEBUFFER_EGA_TEXT) {
        screen.kind = SCREEN_VGA_TEXT;
        screen.pixel_bytes = 2; /* of a character, that is */
    } else if (framebuffer.type == MULTIBOOT2_FRAMEBUFFER_RGB &&
               read_colours(&screen, framebuffer.bits_per_pixel, tag + sizeof(framebuffer),
                            bytes - (uint32_t)sizeof(framebuffer))) {
        screen.kind = SCREEN_FRAMEBUFFER;
    }
    return screen;
}

/* VGA text is where a VGA has it: drawn on before there is a map, it must not be memory. */
static bool is_in_window(const struct screen_mode *screen)
{
    return screen->phys >= VGA_WINDOW_PHYS && screen_mode_is_below(screen, VGA_WINDOW_END_PHYS);
}

static bool is_possible(const struct screen_mode *screen)
{
    uint64_t bytes = screen_mode_bytes(screen);
    if (screen->kind == SCREEN_VGA_TEXT && !is_in_window(screen))
        return false;
    return screen->phys && bytes && screen->width && bytes <= UINT64_MAX - screen->phys &&
           screen->width <= SCREEN_MOST_ACROSS && screen->height <= SCREEN_MOST_ACROSS &&
           screen->pitch_bytes <= PITCH_MOST_BYTES &&
           (uint64_t)screen->width * screen->pixel_bytes <= screen->pitch_bytes;
}

const char *multiboot2_read_screen(struct screen_mode *screen, const void *tag, uint32_t bytes)
{
    *screen = (struct screen_mode){0};
    if (bytes < sizeof(struct multiboot2_framebuffer_tag))
        return "the loader's framebuffer tag is cut off";
    struct screen_mode found = screen_of(tag, bytes);
    if (found.kind == SCREEN_NONE)
        return NULL;
    if (!is_possible(&found))
        return "the loader's framebuffer has an impossible size or address";
    *screen = found;
    return NULL;
}
