/*
 * Tables that add up: one of an input's pieces is changed, its length in the input and mostly also
 * the one in the table follow, and the sums of all tables are made right. Now and then nothing is,
 * so that wrong sums and lengths are met as well.
 */
#include "abi/acpi.h"
#include "tests/fuzz/acpi_pieces.h"
#include "tests/fuzz/firmware.h"

#define CHECKSUM_AT offsetof(struct acpi_header, checksum)
#define LENGTH_AT   offsetof(struct acpi_header, length)

static void add_up(uint8_t *table, size_t count, size_t at)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum = (uint8_t)(sum + table[i]);
    table[at] = (uint8_t)(table[at] - sum);
}

static void repair(uint8_t *table, size_t count, bool with_length)
{
    uint32_t length = (uint32_t)count;
    if (count >= sizeof(struct acpi_rsdp) &&
        !memcmp(table, ACPI_RSDP_SIGNATURE, sizeof(((struct acpi_rsdp *)0)->signature))) {
        add_up(table, ACPI_RSDP_V0_BYTES, offsetof(struct acpi_rsdp, checksum));
        add_up(table, sizeof(struct acpi_rsdp), offsetof(struct acpi_rsdp, extended_checksum));
    } else if (count >= sizeof(struct acpi_header)) {
        if (with_length)
            memcpy(table + LENGTH_AT, &length, sizeof(length));
        memcpy(&length, table + LENGTH_AT, sizeof(length));
        add_up(table, length < count ? length : count, CHECKSUM_AT);
    }
}

/* Where the piece of this number begins, its head included; the end if there are not as many. */
static size_t find_piece(const uint8_t *data, size_t size, unsigned number)
{
    size_t begin = ACPI_PIECES_BEGIN + (size > 0 && data[0] & FIRMWARE_TRAMPLED ? 4 : 0);
    struct fuzz_input input = {data + begin, size > begin ? size - begin : 0};
    struct acpi_piece piece;
    while (number-- > 0 && acpi_piece_next(&input, &piece))
        ;
    return input.left > ACPI_PIECE_HEAD ? size - input.left : size;
}

static unsigned count_pieces(const uint8_t *data, size_t size)
{
    unsigned count = 0;
    while (find_piece(data, size, count) < size)
        count++;
    return count;
}

static void repair_all(uint8_t *data, size_t size, bool with_length)
{
    size_t at;
    for (unsigned i = 0; (at = find_piece(data, size, i)) < size; i++) {
        struct fuzz_input input = {data + at, size - at};
        struct acpi_piece piece;
        if (acpi_piece_next(&input, &piece))
            repair(data + at + ACPI_PIECE_HEAD, piece.count, with_length);
    }
}

/* The piece is mutated at the input's end, where it has room to grow; what was behind it follows.
 */
static size_t mutate_piece(uint8_t *data, size_t size, size_t max_size, unsigned number)
{
    size_t at = find_piece(data, size, number) + ACPI_PIECE_HEAD;
    size_t next = find_piece(data, size, number + 1);
    size_t behind = size - next;
    size_t most = max_size - at - behind;
    uint8_t *rest = fuzz_copy(data + next, behind);
    size_t count = LLVMFuzzerMutate(data + at, next - at, most < UINT16_MAX ? most : UINT16_MAX);
    uint16_t stated = (uint16_t)count;
    memcpy(data + at - sizeof(stated), &stated, sizeof(stated));
    memcpy(data + at + count, rest, behind);
    free(rest);
    return at + count + behind;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    unsigned pieces = count_pieces(data, size);
    if (pieces == 0 || seed % 8 == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    if (seed % 8 == 1)
        size = LLVMFuzzerMutate(data, size, max_size);
    else
        size = mutate_piece(data, size, max_size, seed / 8 % pieces);
    repair_all(data, size, seed / 64 % 4 != 0);
    return size;
}
