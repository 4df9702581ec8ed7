/**
 * Taking bytes out of memory that somebody else may write at any time.
 *
 * The reads are volatile, so that the compiler cannot go back for a byte that was already judged:
 * what is summed, checked and used is the same read.
 */
#ifndef LIB_FIRMWARE_ONCE_H
#define LIB_FIRMWARE_ONCE_H

#include <stddef.h>
#include <stdint.h>

/** Copy at most so many bytes, and give their sum. */
#define COPY_ONCE_MAX 256u
uint8_t copy_once(void *to, const volatile uint8_t *from, size_t bytes);

/** Give the sum of bytes that are not looked at otherwise. */
static inline uint8_t sum_once(const volatile uint8_t *from, size_t bytes)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < bytes; i++)
        sum = (uint8_t)(sum + from[i]);
    return sum;
}

#endif
