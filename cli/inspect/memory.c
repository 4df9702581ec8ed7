#include "cli/inspect/memory.h"

#include <stdint.h>
#include <string.h>

#include "abi/acpi.h"
#include "abi/x86.h"

/* Within the 52 bits of an address, and behind all memory that a machine may have. */
#define PLACES_PHYS 0x000F000000000000u

struct block {
    guint64 phys;
    gsize count;
    guint8 *bytes; /* exactly as many: the sanitizer sees every read behind them */
};

struct memory {
    GArray *blocks;
    guint64 next_place;
    struct acpi_header nothing;
};

static void free_block(gpointer data)
{
    struct block *block = data;
    g_free(block->bytes);
}

struct memory *memory_new(void)
{
    struct memory *memory = g_new0(struct memory, 1);
    memory->blocks = g_array_new(FALSE, FALSE, sizeof(struct block));
    g_array_set_clear_func(memory->blocks, free_block);
    memory->next_place = PLACES_PHYS;
    return memory;
}

void memory_free(struct memory *memory)
{
    if (!memory)
        return;
    g_array_unref(memory->blocks);
    g_free(memory);
}

/* The first block that has a byte in common with the range, or NULL. */
static struct block *find_block(const struct memory *memory, guint64 phys, gsize count)
{
    for (guint i = 0; i < memory->blocks->len; i++) {
        struct block *block = &g_array_index(memory->blocks, struct block, i);
        if (phys < block->phys + block->count && block->phys < phys + count)
            return block;
    }
    return NULL;
}

bool memory_put(struct memory *memory, guint64 phys, const void *bytes, gsize count)
{
    if (phys > UINT64_MAX - count || find_block(memory, phys, count))
        return false;
    struct block block = {phys, count, g_memdup2(bytes, count)};
    g_array_append_val(memory->blocks, block);
    return true;
}

guint64 memory_place(struct memory *memory, const void *bytes, gsize count)
{
    guint64 phys = memory->next_place;
    while (!memory_put(memory, phys, bytes, count))
        phys += PAGE_BYTES;
    memory->next_place = (phys + count + PAGE_BYTES) & ~(guint64)(PAGE_BYTES - 1);
    return phys;
}

/*
 * A root lists tables that nobody gave us: their headers read as zeros, so that the library goes
 * on to the next. Nothing can be told of them, and no signature is that.
 */
void *memory_map(void *context, guint64 phys, gsize count)
{
    struct memory *memory = context;
    struct block *block = find_block(memory, phys, count);
    if (!block)
        return count <= sizeof(memory->nothing) ? &memory->nothing : NULL;
    guint64 offset = phys - block->phys;
    if (phys < block->phys || count > block->count - offset)
        return NULL;
    return block->bytes + offset;
}
