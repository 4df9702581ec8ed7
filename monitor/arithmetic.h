/**
 * What the processor's instructions make of two integers: result and flags (SDM vol. 2).
 */
#ifndef MONITOR_ARITHMETIC_H
#define MONITOR_ARITHMETIC_H

#include <stdint.h>

/** The first eight are numbered as opcodes 00 to 3F and group 1 have them. */
enum arithmetic {
    ARITHMETIC_ADD,
    ARITHMETIC_OR,
    ARITHMETIC_ADC,
    ARITHMETIC_SBB,
    ARITHMETIC_AND,
    ARITHMETIC_SUB,
    ARITHMETIC_XOR,
    ARITHMETIC_CMP, /* gives @left */
    ARITHMETIC_INC,
    ARITHMETIC_DEC,
    ARITHMETIC_NOT,
    ARITHMETIC_NEG,
    ARITHMETIC_BTS, /* @right is the bit's number; more than @bytes has wraps around */
    ARITHMETIC_BTR,
    ARITHMETIC_BTC,
};

/** All ones in so many bytes, 1 to 8. */
uint64_t arithmetic_mask(unsigned bytes);

/**
 * @left and @right by @operation, both of @bytes (1, 2, 4 or 8; higher bits are not looked at).
 * Takes the carry from @rflags and changes those flags there that the instruction changes; one
 * that the manual leaves undefined is cleared after a logical operation, and else kept.
 */
uint64_t arithmetic_do(enum arithmetic operation, uint64_t left, uint64_t right, unsigned bytes,
                       uint64_t *rflags);

#endif
