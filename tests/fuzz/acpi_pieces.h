/**
 * Memory in an input of the target acpi: pieces, one behind the other, each a place (its address
 * / 16, 2 bytes), a length (2 bytes) and as many bytes; the last one may be cut short.
 */
#ifndef TESTS_FUZZ_ACPI_PIECES_H
#define TESTS_FUZZ_ACPI_PIECES_H

#include "tests/fuzz/fuzz.h"

#define ACPI_PIECES_BEGIN 4u /* behind flags, way in and BSP; 4 further if it is trampled on */
#define ACPI_PIECE_HEAD   4u

struct acpi_piece {
    uint32_t phys;
    size_t count;
    const uint8_t *bytes;
};

/** False at the end. */
static inline bool acpi_piece_next(struct fuzz_input *input, struct acpi_piece *piece)
{
    if (input->left <= ACPI_PIECE_HEAD)
        return false;
    piece->phys = (uint32_t)fuzz_number(input, 2) << 4;
    piece->count = (size_t)fuzz_number(input, 2);
    if (piece->count > input->left)
        piece->count = input->left;
    piece->bytes = input->at;
    input->at += piece->count;
    input->left -= piece->count;
    return true;
}

#endif
