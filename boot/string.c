/* The string functions that the compiler expects, and the command line's words. */
#include "boot/console.h"

void *memcpy(void *to, const void *from, size_t bytes)
{
    void *start = to;
    size_t words = bytes / 8;
    size_t rest = bytes % 8;
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
    return start;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    if ((uintptr_t)to - (uintptr_t)from >= bytes)
        return memcpy(to, from, bytes);
    for (size_t at = bytes; at > 0; at--)
        ((char *)to)[at - 1] = ((const char *)from)[at - 1];
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    void *start = to;
    uint64_t pattern = 0x0101010101010101u * (uint8_t)value;
    size_t words = bytes / 8;
    size_t rest = bytes % 8;
    __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(pattern) : "memory");
    return start;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const uint8_t *left = a;
    const uint8_t *right = b;
    for (size_t at = 0; at < bytes; at++)
        if (left[at] != right[at])
            return left[at] - right[at];
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

int strncmp(const char *a, const char *b, size_t bytes)
{
    for (size_t at = 0; at < bytes; at++)
        if (a[at] != b[at] || !a[at])
            return (uint8_t)a[at] - (uint8_t)b[at];
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int cmdline_value(const char *cmdline, const char *name, char *value, size_t bytes)
{
    size_t name_length = strlen(name);
    for (const char *word = cmdline; *word;) {
        size_t length = 0;
        while (word[length] && word[length] != ' ')
            length++;
        if (length >= name_length && !strncmp(word, name, name_length) &&
            (length == name_length || word[name_length] == '=')) {
            size_t skipped = length == name_length ? length : name_length + 1;
            size_t found = length - skipped;
            size_t kept = found < bytes ? found : bytes - 1;
            memcpy(value, word + skipped, kept);
            value[kept] = '\0';
            return (int)found;
        }
        word += length;
        while (*word == ' ')
            word++;
    }
    return -1;
}

bool cmdline_unknown(const char *cmdline, const char *const *names, char *word, size_t bytes)
{
    char ignored[1];
    while (*cmdline == ' ')
        cmdline++;
    while (*cmdline) {
        size_t length = 0;
        while (cmdline[length] && cmdline[length] != ' ' && cmdline[length] != '=')
            length++;
        size_t kept = length < bytes ? length : bytes - 1;
        memcpy(word, cmdline, kept);
        word[kept] = '\0';
        bool known = false;
        for (const char *const *name = names; *name && !known; name++)
            known = length < bytes && cmdline_value(word, *name, ignored, sizeof(ignored)) >= 0;
        if (!known)
            return true;
        while (*cmdline && *cmdline != ' ')
            cmdline++;
        while (*cmdline == ' ')
            cmdline++;
    }
    return false;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

int parse_number(const char *text, uint64_t *number)
{
    unsigned base = 10;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    if (!*text)
        return -1;
    uint64_t value = 0;
    for (; *text; text++) {
        unsigned digit = (unsigned)digit_of(*text);
        if (digit >= base || value > (UINT64_MAX - digit) / base)
            return -1;
        value = value * base + digit;
    }
    *number = value;
    return 0;
}
