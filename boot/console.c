/* The serial port: COM1, a 16550. */
#include "boot/console.h"

#include <stdbool.h>

#include "boot/lock.h"
#include "boot/port.h"

#define COM1            0x3F8
#define UART_DATA       0
#define UART_DLAB_LOW   0
#define UART_DLAB_HIGH  1
#define UART_INTERRUPTS 1
#define UART_FIFO       2
#define UART_LINE       3
#define UART_MODEM      4
#define UART_STATUS     5
#define LINE_8N1        0x03
#define LINE_DLAB       0x80
#define FIFO_ENABLE     0xC7
#define MODEM_READY     0x03
#define STATUS_EMPTY    0x20

/* A transmitter that never gets empty must not hold the boot up: as many looks, then go on. */
#define TRANSMIT_LOOKS 100000
#define LOCK_LOOKS     1000000

static struct muster_word console_lock;

void console_init(void)
{
    port_out8(COM1 + UART_INTERRUPTS, 0);
    port_out8(COM1 + UART_LINE, LINE_DLAB);
    port_out8(COM1 + UART_DLAB_LOW, 1);
    port_out8(COM1 + UART_DLAB_HIGH, 0);
    port_out8(COM1 + UART_LINE, LINE_8N1);
    port_out8(COM1 + UART_FIFO, FIFO_ENABLE);
    port_out8(COM1 + UART_MODEM, MODEM_READY);
}

static void put_byte(char c)
{
    for (unsigned look = 0; look < TRANSMIT_LOOKS; look++)
        if (port_in8(COM1 + UART_STATUS) & STATUS_EMPTY)
            break;
    port_out8(COM1 + UART_DATA, (uint8_t)c);
}

void console_write(const char *text)
{
    /* A CPU that trapped while it held the lock must still be able to say so. */
    lock_try(&console_lock, LOCK_LOOKS);
    for (; *text; text++) {
        if (*text == '\n')
            put_byte('\r');
        put_byte(*text);
    }
    lock_drop(&console_lock);
}

void console_printf(const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    text_format_list(line, sizeof(line), format, arguments);
    va_end(arguments);
    console_write(line);
}
