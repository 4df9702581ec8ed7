#include "boot/screen.h"

#include "abi/vga.h"
#include "boot/console.h"
#include "boot/font.h"
#include "boot/port.h"

#define ROWS_MAX     80u
#define COLUMNS_MAX  240u
#define ROWS_MIN     12u
#define COLUMNS_MIN  40u
#define COLUMNS_GOOD 100u
#define ROWS_GOOD    30u

struct cell {
    uint8_t letter;
    uint8_t colour; /* enum screen_colour */
};

/* What stands there is known: to read it back from a device would take a microsecond a byte. */
static struct {
    struct screen_mode mode;
    uint32_t rows, columns;
    uint32_t row, column;    /* of the console's text */
    uint32_t scale;          /* dots a letter's dot is wide, and high */
    volatile uint8_t *first; /* the first letter's first byte */
    struct cell cells[ROWS_MAX][COLUMNS_MAX];
} screen;

struct rgb {
    uint8_t red, green, blue;
};

static const struct rgb colours[] = {
    [SCREEN_PLAIN] = {0xC8, 0xC8, 0xC8},
    [SCREEN_TITLE] = {0xFF, 0xFF, 0xFF},
    [SCREEN_GOOD] = {0x60, 0xC8, 0xF0},
    [SCREEN_BAD] = {0xFF, 0xA0, 0x20},
};

static const uint8_t vga_colours[] = {
    [SCREEN_PLAIN] = VGA_GREY,
    [SCREEN_TITLE] = VGA_WHITE,
    [SCREEN_GOOD] = VGA_CYAN,
    [SCREEN_BAD] = VGA_YELLOW,
};

static uint32_t channel(const struct screen_channel *channel, uint8_t value)
{
    return (uint32_t)(value >> (8 - channel->bits)) << channel->bit;
}

static uint32_t pixel_of(enum screen_colour colour)
{
    const struct rgb *rgb = &colours[colour];
    return channel(&screen.mode.red, rgb->red) | channel(&screen.mode.green, rgb->green) |
           channel(&screen.mode.blue, rgb->blue);
}

static void put_pixel(volatile uint8_t *at, uint32_t pixel)
{
    switch (screen.mode.pixel_bytes) {
    case 4:
        *(volatile uint32_t *)at = pixel;
        break;
    case 2:
        *(volatile uint16_t *)at = (uint16_t)pixel;
        break;
    default:
        for (unsigned byte = 0; byte < screen.mode.pixel_bytes; byte++)
            at[byte] = (uint8_t)(pixel >> (8 * byte));
    }
}

static void draw_line(volatile uint8_t *at, uint8_t dots, uint32_t pixel)
{
    for (uint32_t x = 0; x < FONT_WIDTH; x++)
        for (uint32_t again = 0; again < screen.scale; again++, at += screen.mode.pixel_bytes)
            put_pixel(at, dots & (0x80u >> x) ? pixel : 0);
}

static void draw_letter(uint32_t row, uint32_t column, struct cell cell)
{
    const uint8_t *lines = font[cell.letter - FONT_FIRST];
    uint32_t pixel = pixel_of((enum screen_colour)cell.colour);
    volatile uint8_t *at = screen.first +
                           (uint64_t)row * FONT_HEIGHT * screen.scale * screen.mode.pitch_bytes +
                           (uint64_t)column * FONT_WIDTH * screen.scale * screen.mode.pixel_bytes;
    for (uint32_t y = 0; y < FONT_HEIGHT * screen.scale; y++, at += screen.mode.pitch_bytes)
        draw_line(at, lines[y / screen.scale], pixel);
}

static void draw_vga(uint32_t row, uint32_t column, struct cell cell)
{
    volatile uint8_t *at = screen.first + (uint64_t)row * screen.mode.pitch_bytes + 2 * column;
    at[0] = cell.letter;
    at[1] = vga_colours[cell.colour];
}

static void put_cell(uint32_t row, uint32_t column, enum screen_colour colour, char letter)
{
    uint8_t code = (uint8_t)letter;
    /* Whoever reports a trap within this may write beside somebody else. */
    if (row >= screen.rows || column >= screen.columns)
        return;
    if (code < FONT_FIRST || code >= FONT_FIRST + FONT_LETTERS)
        code = '?';
    struct cell cell = {code, (uint8_t)colour};
    struct cell *stands = &screen.cells[row][column];
    if (stands->letter == cell.letter && (stands->colour == cell.colour || letter == ' '))
        return;
    *stands = cell;
    if (screen.mode.kind == SCREEN_VGA_TEXT)
        draw_vga(row, column, cell);
    else
        draw_letter(row, column, cell);
}

/* All of it, with what the letters do not reach. */
static void wipe(void)
{
    volatile uint8_t *line = (volatile uint8_t *)screen.mode.phys;
    for (uint32_t y = 0; y < screen.mode.height; y++, line += screen.mode.pitch_bytes)
        for (uint32_t x = 0; x < screen.mode.width; x++)
            put_pixel(line + (uint64_t)x * screen.mode.pixel_bytes, 0);
}

/* The largest letters that leave room for a table. */
static uint32_t find_scale(void)
{
    uint32_t scale = 1;
    while (screen.mode.width / (FONT_WIDTH * (scale + 1)) >= COLUMNS_GOOD &&
           screen.mode.height / (FONT_HEIGHT * (scale + 1)) >= ROWS_GOOD)
        scale++;
    return scale;
}

static uint32_t at_most(uint32_t value, uint32_t most)
{
    return value < most ? value : most;
}

/* Half of what is left over is before the first letter: some screens do not show their edges. */
static void lay_out(void)
{
    uint32_t width = 1, height = 1;
    screen.scale = 1;
    if (screen.mode.kind == SCREEN_FRAMEBUFFER) {
        screen.scale = find_scale();
        width = FONT_WIDTH * screen.scale;
        height = FONT_HEIGHT * screen.scale;
    }
    screen.columns = at_most(screen.mode.width / width, COLUMNS_MAX);
    screen.rows = at_most(screen.mode.height / height, ROWS_MAX);
    uint32_t left = (screen.mode.width - screen.columns * width) / 2;
    uint32_t top = (screen.mode.height - screen.rows * height) / 2;
    screen.first = (volatile uint8_t *)screen.mode.phys + (uint64_t)top * screen.mode.pitch_bytes +
                   (uint64_t)left * screen.mode.pixel_bytes;
}

void screen_open(const struct screen_mode *mode)
{
    if (mode->kind == SCREEN_NONE)
        return;
    screen.mode = *mode;
    lay_out();
    if (screen.columns < COLUMNS_MIN || screen.rows < ROWS_MIN) {
        screen.mode.kind = SCREEN_NONE;
        return;
    }
    wipe();
    if (mode->kind == SCREEN_VGA_TEXT) {
        port_out8(VGA_CRTC_INDEX, VGA_CURSOR_START);
        port_out8(VGA_CRTC_DATA, VGA_CURSOR_OFF);
    }
    memset(screen.cells, 0, sizeof(screen.cells));
    screen_clear();
    console_also(screen_write);
}

bool screen_is_open(void)
{
    return screen.mode.kind != SCREEN_NONE;
}

uint32_t screen_columns(void)
{
    return screen_is_open() ? screen.columns : 0;
}

uint32_t screen_rows(void)
{
    return screen_is_open() ? screen.rows : 0;
}

static void clear_from(uint32_t row)
{
    for (; row < screen.rows; row++)
        for (uint32_t column = 0; column < screen.columns; column++)
            put_cell(row, column, SCREEN_PLAIN, ' ');
}

void screen_clear(void)
{
    clear_from(0);
    screen.row = 0;
    screen.column = 0;
}

void screen_put(uint32_t row, uint32_t column, enum screen_colour colour, const char *text)
{
    for (; *text && column < screen.columns; text++, column++)
        put_cell(row, column, colour, *text);
}

/* By half a screen, as each move is drawn anew: a line at a time would cost as much each. */
static void move_up(void)
{
    uint32_t up = screen.rows / 2;
    for (uint32_t row = up; row < screen.rows; row++)
        for (uint32_t column = 0; column < screen.columns; column++)
            put_cell(row - up, column, (enum screen_colour)screen.cells[row][column].colour,
                     (char)screen.cells[row][column].letter);
    screen.row = screen.rows - up;
    clear_from(screen.row);
}

static void next_line(void)
{
    screen.column = 0;
    if (++screen.row >= screen.rows)
        move_up();
}

void screen_write(const char *text)
{
    for (; *text; text++) {
        if (*text == '\n') {
            next_line();
            continue;
        }
        if (screen.column >= screen.columns)
            next_line();
        put_cell(screen.row, screen.column++, SCREEN_PLAIN, *text);
    }
}
