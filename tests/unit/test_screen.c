/* Text on framebuffers of odd shapes: what is drawn can be read back, and nothing lies outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/vga.h"
#include "boot/console.h"
#include "boot/font.h"
#include "boot/screen.h"
#include "boot/td.h"

/* The console itself is not here: it would be told of the screen, and the cursor be switched off,
 * which costs a port that a process has not; a TD's call is one that can be had. */
static void (*told)(const char *text);
static unsigned ports_written;

void console_also(void (*write)(const char *text))
{
    told = write;
}

bool td_is_active(void)
{
    return true;
}

void td_io_out(uint16_t port, unsigned bytes, uint32_t value)
{
    (void)bytes;
    ports_written += port == VGA_CRTC_INDEX || (port == VGA_CRTC_DATA && value == VGA_CURSOR_OFF);
}

uint32_t td_io_in(uint16_t port, unsigned bytes)
{
    (void)port, (void)bytes;
    return 0;
}

/* Exactly as large as it says, but for the last line's padding, which no dot may need. */
static void make(struct screen_mode *mode, uint32_t width, uint32_t height, uint8_t pixel_bytes)
{
    *mode = (struct screen_mode){
        .kind = SCREEN_FRAMEBUFFER,
        .pixel_bytes = pixel_bytes,
        .width = width,
        .height = height,
        .pitch_bytes = (width * pixel_bytes + 63u) & ~63u,
        .red = {pixel_bytes == 2 ? 11 : 16, pixel_bytes == 2 ? 5 : 8},
        .green = {pixel_bytes == 2 ? 5 : 8, pixel_bytes == 2 ? 6 : 8},
        .blue = {0, pixel_bytes == 2 ? 5 : 8},
    };
    uint8_t *memory = malloc(screen_mode_bytes(mode));
    memset(memory, 0xA5, screen_mode_bytes(mode));
    mode->phys = (uint64_t)(uintptr_t)memory;
}

static bool is_lit(const struct screen_mode *mode, uint32_t x, uint32_t y)
{
    const uint8_t *at = (const uint8_t *)(uintptr_t)mode->phys + (uint64_t)y * mode->pitch_bytes +
                        (uint64_t)x * mode->pixel_bytes;
    for (unsigned byte = 0; byte < mode->pixel_bytes; byte++)
        if (at[byte])
            return true;
    return false;
}

/* The letter whose dots stand in a cell; 0 if it is none. */
static char letter_at(const struct screen_mode *mode, uint32_t row, uint32_t column, uint32_t scale)
{
    uint32_t left = (mode->width - screen_columns() * FONT_WIDTH * scale) / 2;
    uint32_t top = (mode->height - screen_rows() * FONT_HEIGHT * scale) / 2;
    for (uint32_t letter = 0; letter < FONT_LETTERS; letter++) {
        bool same = true;
        for (uint32_t y = 0; same && y < FONT_HEIGHT * scale; y++)
            for (uint32_t x = 0; same && x < FONT_WIDTH * scale; x++)
                same = is_lit(mode, left + column * FONT_WIDTH * scale + x,
                              top + row * FONT_HEIGHT * scale + y) ==
                       ((font[letter][y / scale] & (0x80u >> (x / scale))) != 0);
        if (same)
            return (char)(FONT_FIRST + letter);
    }
    return 0;
}

static void check_text(const struct screen_mode *mode, uint32_t row, uint32_t scale,
                       const char *text)
{
    for (uint32_t column = 0; text[column]; column++)
        assert_int_equal(letter_at(mode, row, column, scale), text[column]);
}

static void no_two_letters_look_alike(void **state)
{
    (void)state;
    for (uint32_t a = 0; a < FONT_LETTERS; a++)
        for (uint32_t b = 0; b < a; b++)
            assert_memory_not_equal(font[a], font[b], FONT_HEIGHT);
}

static void text_can_be_read_back_at_every_depth(void **state)
{
    (void)state;
    for (uint8_t pixel_bytes = 2; pixel_bytes <= 4; pixel_bytes++) {
        struct screen_mode mode;
        make(&mode, 803, 605, pixel_bytes);
        screen_open(&mode);
        assert_true(screen_is_open());
        assert_ptr_equal(told, screen_write);
        screen_write("Muster: 4 of 4\nCPUs on");
        check_text(&mode, 0, 1, "Muster: 4 of 4");
        check_text(&mode, 1, 1, "CPUs on ");
        free((void *)(uintptr_t)mode.phys);
    }
}

static void letters_grow_with_the_screen(void **state)
{
    static const struct {
        uint32_t width, height, scale, columns, rows;
    } screens[] = {
        {640, 480, 1, 80, 30},    {1024, 768, 1, 128, 48}, {1920, 1080, 2, 120, 33},
        {3840, 2160, 4, 120, 33}, {5120, 800, 1, 240, 50}, {320, 1600, 1, 40, 80},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof(screens) / sizeof(screens[0]); i++) {
        struct screen_mode mode;
        make(&mode, screens[i].width, screens[i].height, 4);
        screen_open(&mode);
        assert_int_equal(screen_columns(), screens[i].columns);
        assert_int_equal(screen_rows(), screens[i].rows);
        screen_put(screens[i].rows - 1, screens[i].columns - 1, SCREEN_BAD, "W and more");
        assert_int_equal(
            letter_at(&mode, screens[i].rows - 1, screens[i].columns - 1, screens[i].scale), 'W');
        free((void *)(uintptr_t)mode.phys);
    }
}

static void long_text_moves_up_and_its_end_stays(void **state)
{
    struct screen_mode mode;
    char line[200];
    (void)state;
    make(&mode, 640, 480, 4);
    screen_open(&mode);
    for (unsigned i = 0; i < 100; i++) {
        text_format(line, sizeof(line), "line %u\n", i);
        screen_write(line);
    }
    /* 30 lines; up by 15 at the end of each 30th, and then of each 15th. */
    check_text(&mode, 24, 1, "line 99 ");
    check_text(&mode, 0, 1, "line 75 ");
    memset(line, 'x', 85);
    line[85] = 0;
    screen_write(line);
    check_text(&mode, 26, 1, "xxxxx ");
    screen_clear();
    check_text(&mode, 26, 1, "      ");
    free((void *)(uintptr_t)mode.phys);
}

static void letters_that_are_not_there_are_question_marks(void **state)
{
    struct screen_mode mode;
    (void)state;
    make(&mode, 640, 480, 4);
    screen_open(&mode);
    screen_write("a\x1b\xff\tb");
    check_text(&mode, 0, 1, "a???b");
    free((void *)(uintptr_t)mode.phys);
}

static void vga_text_has_letters_and_colours(void **state)
{
    uint8_t *memory = calloc(25, 160);
    const struct screen_mode mode = {.kind = SCREEN_VGA_TEXT,
                                     .pixel_bytes = 2,
                                     .width = 80,
                                     .height = 25,
                                     .pitch_bytes = 160,
                                     .phys = (uint64_t)(uintptr_t)memory};
    (void)state;
    ports_written = 0;
    screen_open(&mode);
    assert_int_equal(ports_written, 2);
    screen_put(24, 79, SCREEN_TITLE, "MM");
    assert_int_equal(memory[24 * 160 + 158], 'M');
    assert_int_equal(memory[24 * 160 + 159], VGA_WHITE);
    assert_int_equal(memory[0], ' ');
    free(memory);
}

static void screen_too_small_for_text_is_none(void **state)
{
    struct screen_mode mode;
    (void)state;
    make(&mode, 319, 480, 4);
    screen_open(&mode);
    assert_false(screen_is_open());
    assert_int_equal(screen_columns(), 0);
    free((void *)(uintptr_t)mode.phys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_letters_look_alike),
        cmocka_unit_test(text_can_be_read_back_at_every_depth),
        cmocka_unit_test(letters_grow_with_the_screen),
        cmocka_unit_test(long_text_moves_up_and_its_end_stays),
        cmocka_unit_test(letters_that_are_not_there_are_question_marks),
        cmocka_unit_test(vga_text_has_letters_and_colours),
        cmocka_unit_test(screen_too_small_for_text_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
