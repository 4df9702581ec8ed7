/*
 * Trees that are whole: the structure block or the strings are changed alone, tokens mostly in
 * steps of their size, and the tree is put together anew with the header that fits. Now and then
 * anything is, the header included.
 */
#include "abi/fdt.h"
#include "tests/fuzz/firmware.h"

#define HEAD     4u /* flags, what is done, BSP; 4 further if it is trampled on */
#define RESERVES 0x400u
#define BLOCK    0x2000u

struct tree {
    uint8_t reserves[RESERVES], structure[BLOCK], strings[BLOCK];
    size_t reserve_bytes, structure_bytes, string_bytes;
    uint32_t boot_cpu;
};

static uint32_t read_cell(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write_cell(uint8_t *at, size_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static bool copy_block(const uint8_t *from, size_t size, uint32_t offset, uint32_t bytes,
                       uint8_t *to, size_t most)
{
    if (offset > size || bytes > size - offset || bytes > most)
        return false;
    memcpy(to, from + offset, bytes);
    return true;
}

/* Header fields by their numbers: 2 structure, 3 strings, 4 reserves, 7 BSP, 8 and 9 sizes. */
static bool take_apart(const uint8_t *data, size_t size, struct tree *tree)
{
    uint32_t field[sizeof(struct fdt_header) / 4];
    if (size < sizeof(struct fdt_header))
        return false;
    for (size_t i = 0; i < sizeof(field) / sizeof(field[0]); i++)
        field[i] = read_cell(data + 4 * i);
    uint32_t reserve_bytes = field[2] > field[4] ? field[2] - field[4] : 0;
    tree->reserve_bytes = reserve_bytes;
    tree->structure_bytes = field[9];
    tree->string_bytes = field[8];
    tree->boot_cpu = field[7];
    return copy_block(data, size, field[4], reserve_bytes, tree->reserves, RESERVES) &&
           copy_block(data, size, field[2], field[9], tree->structure, BLOCK) &&
           copy_block(data, size, field[3], field[8], tree->strings, BLOCK);
}

static size_t put_together(uint8_t *data, size_t max_size, const struct tree *tree)
{
    size_t structure_at = sizeof(struct fdt_header) + tree->reserve_bytes;
    size_t strings_at = structure_at + tree->structure_bytes;
    size_t total = strings_at + tree->string_bytes;
    const size_t fields[] = {FDT_MAGIC_NUMBER,
                             total,
                             structure_at,
                             strings_at,
                             sizeof(struct fdt_header),
                             FDT_VERSION,
                             FDT_VERSION - 1,
                             tree->boot_cpu,
                             tree->string_bytes,
                             tree->structure_bytes};
    if (total > max_size)
        return 0;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        write_cell(data + 4 * i, fields[i]);
    memcpy(data + sizeof(struct fdt_header), tree->reserves, tree->reserve_bytes);
    memcpy(data + structure_at, tree->structure, tree->structure_bytes);
    memcpy(data + strings_at, tree->strings, tree->string_bytes);
    return total;
}

/* A few tokens come twice, or go. */
static void change_tokens(struct tree *tree, unsigned seed)
{
    size_t tokens = tree->structure_bytes / 4;
    if (tokens < 2)
        return;
    size_t at = seed % tokens * 4;
    size_t bytes = (seed / 1024 % (tokens - at / 4) + 1) * 4;
    bool twice = seed / 512 % 2 && tree->structure_bytes + bytes <= BLOCK;
    uint8_t *to = tree->structure + at + (twice ? bytes : 0);
    uint8_t *from = tree->structure + at + (twice ? 0 : bytes);
    memmove(to, from, (size_t)(tree->structure + tree->structure_bytes - from));
    tree->structure_bytes = twice ? tree->structure_bytes + bytes : tree->structure_bytes - bytes;
}

static void change(struct tree *tree, unsigned seed)
{
    switch (seed % 4) {
    case 0:
        change_tokens(tree, seed / 4);
        break;
    case 1:
        tree->string_bytes = LLVMFuzzerMutate(tree->strings, tree->string_bytes, BLOCK);
        break;
    case 2:
        tree->reserve_bytes = LLVMFuzzerMutate(tree->reserves, tree->reserve_bytes, RESERVES);
        tree->reserve_bytes &= ~(size_t)(sizeof(struct fdt_reserve_entry) - 1);
        break;
    default:
        tree->structure_bytes = LLVMFuzzerMutate(tree->structure, tree->structure_bytes, BLOCK);
        tree->structure_bytes &= ~(size_t)3;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static struct tree tree;
    size_t head = HEAD + (size > 0 && data[0] & FIRMWARE_TRAMPLED ? 4 : 0);
    if (seed % 8 == 0 || size < head || !take_apart(data + head, size - head, &tree))
        return LLVMFuzzerMutate(data, size, max_size);
    change(&tree, seed / 8);
    size_t bytes = put_together(data + head, max_size - head, &tree);
    return bytes ? head + bytes : LLVMFuzzerMutate(data, size, max_size);
}
