/**
 * A machine's memory of which only pieces are there: what was captured from loaders
 * (tests/unit/captured/), and what a test lays beside it.
 */
#ifndef TESTS_UNIT_CAPTURED_H
#define TESTS_UNIT_CAPTURED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <muster/platform.h>

#define CAPTURED_PIECES 16u

/** In a file: this, and as many bytes behind it; then the next. */
struct captured_piece {
    uint64_t phys;
    uint64_t bytes;
};

static struct {
    struct captured_piece head;
    uint8_t *data; /* of a heap block of its own: what is read behind it is seen */
} captured[CAPTURED_PIECES];

/** A piece of zeros at @phys, over those that were there before. */
static inline void *captured_add(uint64_t phys, uint64_t bytes)
{
    for (unsigned i = 0; i < CAPTURED_PIECES; i++) {
        if (captured[i].data)
            continue;
        captured[i].head = (struct captured_piece){phys, bytes};
        captured[i].data = calloc(1, bytes);
        return captured[i].data;
    }
    return NULL;
}

static inline void captured_forget(void)
{
    for (unsigned i = 0; i < CAPTURED_PIECES; i++)
        free(captured[i].data);
    memset(captured, 0, sizeof(captured));
}

/** The hook map: NULL where no one piece has all of it. */
static inline void *captured_map(void *context, uint64_t phys, size_t bytes)
{
    (void)context;
    for (unsigned i = CAPTURED_PIECES; i-- > 0;) {
        const struct captured_piece *head = &captured[i].head;
        if (captured[i].data && phys >= head->phys && phys - head->phys <= head->bytes &&
            bytes <= head->bytes - (phys - head->phys))
            return captured[i].data + (phys - head->phys);
    }
    return NULL;
}

/** True if the file was there and whole. */
static inline bool captured_load(const char *name)
{
    char path[128];
    struct captured_piece head;
    bool whole = true;
    snprintf(path, sizeof(path), "tests/unit/captured/%s", name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    while (whole && fread(&head, sizeof(head), 1, file) == 1) {
        void *data = captured_add(head.phys, head.bytes);
        whole = data && fread(data, 1, head.bytes, file) == head.bytes;
    }
    fclose(file);
    return whole;
}

#endif
