/**
 * A machine's memory for tests: one block from address 0, behind the platform's map hook, with a
 * stretch that cannot be mapped. What lies behind the block cannot be mapped either.
 */
#ifndef TESTS_FAKE_MEMORY_H
#define TESTS_FAKE_MEMORY_H

#include <stdint.h>
#include <stdlib.h>

#include <muster/platform.h>

struct fake_memory {
    uint8_t *bytes;
    uint64_t size;
    uint64_t denied_start, denied_end; /* nothing if they are equal */
    size_t longest;                    /* the most bytes that were asked for at once */
    struct muster_platform platform;
};

static inline void *fake_memory_map(void *context, uint64_t phys, size_t bytes)
{
    struct fake_memory *memory = context;

    if (bytes > memory->longest)
        memory->longest = bytes;
    if (bytes > memory->size || phys > memory->size - bytes)
        return NULL;
    if (memory->denied_start < memory->denied_end && phys < memory->denied_end &&
        phys + bytes > memory->denied_start)
        return NULL;
    return memory->bytes + phys;
}

static inline struct fake_memory *fake_memory_new(uint64_t size)
{
    struct fake_memory *memory = calloc(1, sizeof(*memory));

    if (!memory || posix_memalign((void **)&memory->bytes, 4096, size) != 0)
        abort();
    for (uint64_t i = 0; i < size; i++)
        memory->bytes[i] = 0;
    memory->size = size;
    memory->platform.context = memory;
    memory->platform.map = fake_memory_map;
    return memory;
}

static inline void fake_memory_free(struct fake_memory *memory)
{
    free(memory->bytes);
    free(memory);
}

/** The table at @phys, for tests that write page tables by hand. */
static inline uint64_t *fake_memory_table(struct fake_memory *memory, uint64_t phys)
{
    return (uint64_t *)(void *)(memory->bytes + phys);
}

/** A number below @bound; the same row of numbers in every run (xorshift64). */
static inline uint32_t fake_random(uint64_t *seed, uint32_t bound)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 32) % bound;
}

#endif
