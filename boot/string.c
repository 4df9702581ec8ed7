/* The string functions that the compiler expects. */
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
