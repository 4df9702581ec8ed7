/* A table has many thousand bytes: they are read by words. */
#include "lib/firmware/once.h"

/* A word that may lie anywhere, and may be part of anything. */
struct once_32 {
    uint32_t value;
} __attribute__((packed, may_alias));
struct once_64 {
    uint64_t value;
} __attribute__((packed, may_alias));

/* The sums of a word's pairs of bytes, in four parts of 16 bits. */
static inline uint64_t sum_pairs(uint64_t word)
{
    const uint64_t low_of_pairs = 0x00FF00FF00FF00FF;

    return (word & low_of_pairs) + (word >> 8 & low_of_pairs);
}

/*
 * The short words first: so the fields of a structure are stored by one word each, and who loads
 * one need not wait for several stores.
 */
uint8_t copy_once(void *to, const volatile uint8_t *from, size_t bytes)
{
    uint8_t *copy = to;
    uint64_t sums = 0;
    size_t at = 0;

    for (; at < bytes % sizeof(uint32_t); at++)
        sums += copy[at] = from[at];
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
