/**
 * Memory of a machine at a low address, of this process 1:1, for code that follows 32-bit physical
 * addresses. Made once.
 */
#ifndef TESTS_FUZZ_ARENA_H
#define TESTS_FUZZ_ARENA_H

#include <sys/mman.h>

#include "tests/fuzz/fuzz.h"

#define ARENA_PHYS  0x10000000u
#define ARENA_BYTES 0x100000u
#define ARENA_END   (ARENA_PHYS + ARENA_BYTES)

static inline uint8_t *arena_get(void)
{
    static void *arena;
    if (!arena) {
        arena = mmap((void *)(uintptr_t)ARENA_PHYS, ARENA_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        fuzz_require(arena == (void *)(uintptr_t)ARENA_PHYS, "the low memory cannot be had");
    }
    return arena;
}

#endif
