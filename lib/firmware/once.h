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

/** A word that may lie anywhere, and may be part of anything. */
struct once_16 {
    uint16_t value;
} __attribute__((packed, may_alias));
struct once_32 {
    uint32_t value;
} __attribute__((packed, may_alias));
struct once_64 {
    uint64_t value;
} __attribute__((packed, may_alias));

/** The sums of a word's pairs of bytes, in four parts of 16 bits. */
static inline uint64_t sum_pairs(uint64_t word)
{
    const uint64_t low_of_pairs = 0x00FF00FF00FF00FF;

    return (word & low_of_pairs) + (word >> 8 & low_of_pairs);
}

/**
 * Copy at most 256 bytes, and give the sum of the bytes. The short words first: so the fields of a
 * structure are stored by one word each, and who loads one need not wait for several stores.
 */
static inline uint8_t copy_once(void *to, const volatile uint8_t *from, size_t bytes)
{
    uint8_t *copy = to;
    uint64_t sums = 0;
    size_t at = bytes & 1;

    if (at)
        sums = *copy = *from;
    if (bytes & 2) {
        uint16_t word = ((const volatile struct once_16 *)(from + at))->value;
        ((struct once_16 *)(copy + at))->value = word;
        sums += sum_pairs(word);
        at += sizeof(word);
    }
    if (bytes & 4) {
        uint32_t word = ((const volatile struct once_32 *)(from + at))->value;
        ((struct once_32 *)(copy + at))->value = word;
        sums += sum_pairs(word);
        at += sizeof(word);
    }
    for (; at < bytes; at += sizeof(uint64_t)) {
        uint64_t word = ((const volatile struct once_64 *)(from + at))->value;
        ((struct once_64 *)(copy + at))->value = word;
        sums += sum_pairs(word);
    }
    return (uint8_t)(sums * 0x0001000100010001 >> 48); /* the four parts, added up at the top */
}

/** Give the sum of bytes that are not looked at otherwise. */
static inline uint8_t sum_once(const volatile uint8_t *from, size_t bytes)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < bytes; i++)
        sum = (uint8_t)(sum + from[i]);
    return sum;
}

#endif
