/**
 * What the fuzzing targets share. A target is a file tests/fuzz/NAME.c with this one function in
 * it, which libFuzzer calls again and again; replay.c calls it once for each file instead.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** libFuzzer's. Gives 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** libFuzzer's own mutation, for those who make one by hand. Gives the new size. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/** Of a target whose input has sums and lengths in it: tests/fuzz/mutate_NAME.c. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/** What must hold for every input. @what is the sentence of the failure. */
static inline void fuzz_require(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

/** The input as it is used up from its front. At its end there are only zeros. */
struct fuzz_input {
    const uint8_t *at;
    size_t left;
};

static inline void fuzz_take(struct fuzz_input *input, void *to, size_t bytes)
{
    size_t there = bytes < input->left ? bytes : input->left;
    memset(to, 0, bytes);
    if (there)
        memcpy(to, input->at, there);
    input->at += there;
    input->left -= there;
}

static inline uint64_t fuzz_number(struct fuzz_input *input, size_t bytes)
{
    uint64_t number = 0;
    fuzz_take(input, &number, bytes);
    return number;
}

/** A copy whose end is the heap block's end: what is read behind it is seen. Caller frees. */
static inline void *fuzz_copy(const void *bytes, size_t count)
{
    void *copy = malloc(count);
    if (!copy)
        abort();
    if (count)
        memcpy(copy, bytes, count);
    return copy;
}

/** The same as a text, which ends behind @count bytes at the latest. */
static inline char *fuzz_text(const uint8_t *bytes, size_t count)
{
    char *text = malloc(count + 1);
    if (!text)
        abort();
    if (count)
        memcpy(text, bytes, count);
    text[count] = '\0';
    return text;
}

#endif
