/* printf's smaller half: what the boot programs print. */
#include "boot/console.h"

#include <stdbool.h>

struct output {
    char *buffer;
    size_t bytes;
    size_t length;
};

struct conversion {
    bool zero, left;
    unsigned width;
    unsigned longs;
};

static void put(struct output *output, char c)
{
    if (output->length + 1 < output->bytes)
        output->buffer[output->length] = c;
    output->length++;
}

static void put_padded(struct output *output, const char *text, size_t length, bool negative,
                       const struct conversion *how)
{
    size_t whole = length + negative;
    size_t padding = how->width > whole ? how->width - whole : 0;
    if (!how->left && !how->zero)
        for (; padding; padding--)
            put(output, ' ');
    if (negative)
        put(output, '-');
    if (!how->left)
        for (; padding; padding--)
            put(output, '0');
    for (size_t at = 0; at < length; at++)
        put(output, text[at]);
    for (; padding; padding--)
        put(output, ' ');
}

static void put_number(struct output *output, uint64_t value, unsigned base, bool negative,
                       const struct conversion *how)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    put_padded(output, digits + at, sizeof(digits) - at, negative, how);
}

static const char *read_conversion(const char *format, struct conversion *how)
{
    *how = (struct conversion){0};
    for (; *format == '0' || *format == '-'; format++) {
        how->zero |= *format == '0';
        how->left |= *format == '-';
    }
    for (; *format >= '0' && *format <= '9'; format++)
        how->width = how->width * 10 + (unsigned)(*format - '0');
    for (; *format == 'l' || *format == 'z'; format++)
        how->longs++;
    return format;
}

static void put_conversion(struct output *output, char kind, struct conversion *how,
                           va_list *arguments)
{
    if (kind == 's') {
        const char *text = va_arg(*arguments, const char *);
        text = text ? text : "(null)";
        how->zero = false;
        put_padded(output, text, strlen(text), false, how);
    } else if (kind == 'c') {
        char c = (char)va_arg(*arguments, int);
        put_padded(output, &c, 1, false, how);
    } else if (kind == 'd') {
        int64_t value = how->longs ? va_arg(*arguments, int64_t) : va_arg(*arguments, int);
        uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
        put_number(output, size, 10, value < 0, how);
    } else if (kind == 'u' || kind == 'x') {
        uint64_t value = how->longs ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned);
        put_number(output, value, kind == 'x' ? 16 : 10, false, how);
    } else {
        put(output, kind);
    }
}

size_t text_format_list(char *buffer, size_t bytes, const char *format, va_list arguments)
{
    struct output output = {buffer, bytes, 0};
    va_list list;
    va_copy(list, arguments);
    for (; *format; format++) {
        if (*format != '%') {
            put(&output, *format);
            continue;
        }
        struct conversion how;
        format = read_conversion(format + 1, &how);
        if (!*format)
            break;
        put_conversion(&output, *format, &how, &list);
    }
    va_end(list);
    size_t kept = output.length < bytes ? output.length : bytes - 1;
    buffer[kept] = '\0';
    return kept;
}

size_t text_format(char *buffer, size_t bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = text_format_list(buffer, bytes, format, arguments);
    va_end(arguments);
    return length;
}
