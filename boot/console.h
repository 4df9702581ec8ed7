/**
 * Two channels out of a boot program: text for people on the serial port (COM1), and lines of
 * JSON for the muster command on the debug console (port 0xE9). Also the string functions that
 * a freestanding compiler expects. Any CPU may write; whole lines are kept apart by a lock.
 */
#ifndef BOOT_CONSOLE_H
#define BOOT_CONSOLE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Set the serial port up (115200 8N1). Once, on the BSP, first of all. Where there is none, or it
 * does not send, what is written to it is dropped and nobody waits.
 */
void console_init(void);

/** From now on @write gets all text as well, one CPU at a time. Of two, the later one. */
void console_also(void (*write)(const char *text));

/** Text to the serial port; "\n" becomes "\r\n". */
void console_write(const char *text);

/**
 * printf to the serial port: %s %c %d %u %x %% with l and ll (both 64 bits), z, field width,
 * '0' and '-'. One call is never mixed with another CPU's.
 */
void console_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The same into a buffer: always terminated; gives the length without the end. */
size_t text_format(char *buffer, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t text_format_list(char *buffer, size_t bytes, const char *format, va_list arguments);

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t bytes);

/**
 * The value of NAME=VALUE in a command line of words parted by spaces, or of a bare NAME (the
 * value is then empty). Gives its length, or -1 if there is no such word; a value longer than
 * the buffer is cut and its full length given.
 */
int cmdline_value(const char *cmdline, const char *name, char *value, size_t bytes);

/**
 * The first word of a command line whose name is not in @names (which a NULL ends), up to its
 * end or '=', in @word; false if all are known.
 */
bool cmdline_unknown(const char *cmdline, const char *const *names, char *word, size_t bytes);

/** A number, decimal or 0x...: 0 on success, -1 if @text is not one, whole. */
int parse_number(const char *text, uint64_t *number);

#endif
