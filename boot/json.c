#include "boot/json.h"

#include "boot/console.h"
#include "boot/port.h"

#define DEBUG_PORT 0xE9

/* Whether the next member needs a comma before it: nothing stands yet in its bracket. */
static bool first_in_bracket;

static void put_text(const char *text)
{
    for (; *text; text++)
        port_out8(DEBUG_PORT, (uint8_t)*text);
}

static void put_quoted(const char *text)
{
    char escaped[8];
    port_out8(DEBUG_PORT, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            port_out8(DEBUG_PORT, '\\');
        if ((uint8_t)*text < 0x20) {
            text_format(escaped, sizeof(escaped), "\\u%04x", (unsigned)(uint8_t)*text);
            put_text(escaped);
        } else {
            port_out8(DEBUG_PORT, (uint8_t)*text);
        }
    }
    port_out8(DEBUG_PORT, '"');
}

static void put_key(const char *key)
{
    if (!first_in_bracket)
        port_out8(DEBUG_PORT, ',');
    first_in_bracket = false;
    if (key) {
        put_quoted(key);
        port_out8(DEBUG_PORT, ':');
    }
}

void json_begin(const char *from, const char *event)
{
    port_out8(DEBUG_PORT, '{');
    first_in_bracket = true;
    json_text("from", from);
    json_text("event", event);
}

void json_end(void)
{
    put_text("}\n");
}

void json_open(const char *key, char bracket)
{
    put_key(key);
    port_out8(DEBUG_PORT, (uint8_t)bracket);
    first_in_bracket = true;
}

void json_close(char bracket)
{
    port_out8(DEBUG_PORT, (uint8_t)bracket);
    first_in_bracket = false;
}

void json_number(const char *key, uint64_t value)
{
    char digits[24];
    put_key(key);
    text_format(digits, sizeof(digits), "%lu", value);
    put_text(digits);
}

void json_number_or_null(const char *key, bool known, uint64_t value)
{
    if (known)
        json_number(key, value);
    else
        json_text(key, NULL);
}

void json_signed(const char *key, int64_t value)
{
    char digits[24];
    put_key(key);
    text_format(digits, sizeof(digits), "%ld", value);
    put_text(digits);
}

void json_hex(const char *key, uint64_t value)
{
    char digits[24];
    text_format(digits, sizeof(digits), "0x%lx", value);
    json_text(key, digits);
}

void json_bool(const char *key, bool value)
{
    put_key(key);
    put_text(value ? "true" : "false");
}

void json_text(const char *key, const char *value)
{
    put_key(key);
    if (value)
        put_quoted(value);
    else
        put_text("null");
}
