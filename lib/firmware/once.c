/* A table has many thousand bytes: they are read by words. */
#include "lib/firmware/once.h"

/* A word that may lie anywhere, and may be part of anything. */
struct once_32 {
    uint32_t value;
} __attribute__((packed, may_alias));
struct once_64 {
    uint64_t value;
} __attribute__((packed, may_alias));

/*
 * The sum of many words' bytes, with few operations on each: of all words, and of their even bytes
 * in four parts of 16 bits. What the first has more than the second are the odd bytes' parts, 8
 * bits higher, of which the uppermost has lost all but its low 8 bits, and no more are needed.
 */
struct sums {
    uint64_t words, even;
};

static inline void add_word(struct sums *sums, uint64_t word)
{
    sums->words += word;
    sums->even += word & 0x00FF00FF00FF00FF;
}

static inline uint8_t sum_of(const struct sums *sums)
{
    uint64_t parts = sums->even + ((sums->words - sums->even) >> 8);
    return (uint8_t)(parts * 0x0001000100010001 >> 48); /* the four, added up at the top */
}

/*
 * The short words first: so the fields of a structure are stored by one word each, and who loads
 * one need not wait for several stores.
 */
uint8_t copy_once(void *to, const volatile uint8_t *from, size_t bytes)
{
    uint8_t *copy = to;
    struct sums sums = {0};
    size_t at = 0;

    for (; at < bytes % sizeof(uint32_t); at++)
        add_word(&sums, copy[at] = from[at]);
    if (bytes & 4) {
        uint32_t word = ((const volatile struct once_32 *)(from + at))->value;
        ((struct once_32 *)(copy + at))->value = word;
        add_word(&sums, word);
        at += sizeof(word);
    }
    for (; at < bytes; at += sizeof(uint64_t)) {
        uint64_t word = ((const volatile struct once_64 *)(from + at))->value;
        ((struct once_64 *)(copy + at))->value = word;
        add_word(&sums, word);
    }
    return sum_of(&sums);
}
