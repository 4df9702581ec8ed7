/* One of the two inputs is changed, and mostly its sum is right again, if it is a table. */
#include "abi/acpi.h"
#include "tests/fuzz/fuzz.h"

#define HEAD 3u /* premises, and the first one's length */

static void add_up(uint8_t *table, size_t count)
{
    const size_t at = offsetof(struct acpi_header, checksum);
    uint8_t sum = 0;
    if (count < sizeof(struct acpi_header))
        return;
    for (size_t i = 0; i < count; i++)
        sum = (uint8_t)(sum + table[i]);
    table[at] = (uint8_t)(table[at] - sum);
}

static size_t first_bytes(const uint8_t *data, size_t size)
{
    size_t stated = (size_t)data[1] | (size_t)data[2] << 8;
    return stated < size - HEAD ? stated : size - HEAD;
}

static size_t mutate_first(uint8_t *data, size_t size, size_t max_size)
{
    size_t was = first_bytes(data, size);
    size_t behind = size - HEAD - was;
    size_t most = max_size - HEAD - behind;
    uint8_t *rest = fuzz_copy(data + HEAD + was, behind);
    size_t count = LLVMFuzzerMutate(data + HEAD, was, most < UINT16_MAX ? most : UINT16_MAX);
    data[1] = (uint8_t)count;
    data[2] = (uint8_t)(count >> 8);
    memcpy(data + HEAD + count, rest, behind);
    free(rest);
    return HEAD + count + behind;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (size <= HEAD || seed % 8 == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    size_t first = first_bytes(data, size);
    if (first > 0 && seed % 8 < 6)
        size = mutate_first(data, size, max_size);
    else
        size = HEAD + first +
               LLVMFuzzerMutate(data + HEAD + first, size - HEAD - first, max_size - HEAD - first);
    if (seed / 8 % 4 == 0)
        return size;
    first = first_bytes(data, size);
    add_up(data + HEAD, first);
    add_up(data + HEAD + first, size - HEAD - first);
    return size;
}
