/**
 * Every word that two CPUs share goes through here: C11 orderings on the access itself, no
 * free-standing fences, so that ThreadSanitizer and the reader see the same program.
 */
#ifndef LIB_ATOMIC_H
#define LIB_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#include <muster/platform.h>

/** What an access is to the caches. A host that counts them (sim/) defines ATOMIC_ACCESS. */
enum atomic_access { ATOMIC_LOAD, ATOMIC_STORE, ATOMIC_SWAP };
#ifndef ATOMIC_ACCESS
#define ATOMIC_ACCESS(word, access) ((void)0)
#endif

static inline uint32_t word_load_acquire(const struct muster_word *word)
{
    ATOMIC_ACCESS(word, ATOMIC_LOAD);
    return __atomic_load_n(&word->value, __ATOMIC_ACQUIRE);
}

static inline uint32_t word_load_relaxed(const struct muster_word *word)
{
    ATOMIC_ACCESS(word, ATOMIC_LOAD);
    return __atomic_load_n(&word->value, __ATOMIC_RELAXED);
}

static inline void word_store_release(struct muster_word *word, uint32_t value)
{
    ATOMIC_ACCESS(word, ATOMIC_STORE);
    __atomic_store_n(&word->value, value, __ATOMIC_RELEASE);
}

/* The one way to change a state: true if it was @from and is now @to. */
static inline bool word_move(struct muster_word *word, uint32_t from, uint32_t to)
{
    ATOMIC_ACCESS(word, ATOMIC_SWAP);
    return __atomic_compare_exchange_n(&word->value, &from, to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

/* Gives what was there before. */
static inline uint32_t word_exchange(struct muster_word *word, uint32_t value)
{
    ATOMIC_ACCESS(word, ATOMIC_SWAP);
    return __atomic_exchange_n(&word->value, value, __ATOMIC_ACQ_REL);
}

static inline uint32_t word_fetch_add(struct muster_word *word, uint32_t addend)
{
    ATOMIC_ACCESS(word, ATOMIC_SWAP);
    return __atomic_fetch_add(&word->value, addend, __ATOMIC_ACQ_REL);
}

static inline void u32_store_relaxed(uint32_t *word, uint32_t value)
{
    ATOMIC_ACCESS(word, ATOMIC_STORE);
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline void u32_store_release(uint32_t *word, uint32_t value)
{
    ATOMIC_ACCESS(word, ATOMIC_STORE);
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void u64_store_relaxed(uint64_t *word, uint64_t value)
{
    ATOMIC_ACCESS(word, ATOMIC_STORE);
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline uint32_t u32_load_relaxed(const uint32_t *word)
{
    ATOMIC_ACCESS(word, ATOMIC_LOAD);
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline uint32_t u32_load_acquire(const uint32_t *word)
{
    ATOMIC_ACCESS(word, ATOMIC_LOAD);
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline uint64_t u64_load_relaxed(const uint64_t *word)
{
    ATOMIC_ACCESS(word, ATOMIC_LOAD);
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline uint16_t u16_load_acquire(const uint16_t *word)
{
    ATOMIC_ACCESS(word, ATOMIC_LOAD);
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void u16_store_release(uint16_t *word, uint16_t value)
{
    ATOMIC_ACCESS(word, ATOMIC_STORE);
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline bool u16_move(uint16_t *word, uint16_t from, uint16_t to)
{
    ATOMIC_ACCESS(word, ATOMIC_SWAP);
    return __atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

#endif
