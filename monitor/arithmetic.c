#include "monitor/arithmetic.h"

#include <stdbool.h>

#include "abi/x86.h"

#define FLAGS_OF_RESULT (RFLAGS_PF | RFLAGS_ZF | RFLAGS_SF)
#define FLAGS_ALL       (FLAGS_OF_RESULT | RFLAGS_CF | RFLAGS_AF | RFLAGS_OF)

uint64_t arithmetic_mask(unsigned bytes)
{
    return bytes >= 8 ? UINT64_MAX : (1ull << 8 * bytes) - 1;
}

static uint64_t sign_of(unsigned bytes)
{
    return 1ull << (8 * bytes - 1);
}

static void set_flags(uint64_t *rflags, uint64_t which, uint64_t values)
{
    *rflags = (*rflags & ~which) | (values & which);
}

static uint64_t flags_of(uint64_t result, unsigned bytes)
{
    return (__builtin_parityll(result & 0xFF) ? 0 : RFLAGS_PF) | (result ? 0 : RFLAGS_ZF) |
           (result & sign_of(bytes) ? RFLAGS_SF : 0);
}

static uint64_t add(uint64_t left, uint64_t right, bool carry, unsigned bytes, uint64_t *flags)
{
    uint64_t result = (left + right + carry) & arithmetic_mask(bytes);
    uint64_t carries = (left & right) | ((left | right) & ~result);
    *flags = flags_of(result, bytes) | (carries & sign_of(bytes) ? RFLAGS_CF : 0) |
             ((left ^ right ^ result) & RFLAGS_AF) |
             ((left ^ result) & (right ^ result) & sign_of(bytes) ? RFLAGS_OF : 0);
    return result;
}

static uint64_t subtract(uint64_t left, uint64_t right, bool borrow, unsigned bytes,
                         uint64_t *flags)
{
    uint64_t result = (left - right - borrow) & arithmetic_mask(bytes);
    uint64_t borrows = (~left & right) | ((~left | right) & result);
    *flags = flags_of(result, bytes) | (borrows & sign_of(bytes) ? RFLAGS_CF : 0) |
             ((left ^ right ^ result) & RFLAGS_AF) |
             ((left ^ right) & (left ^ result) & sign_of(bytes) ? RFLAGS_OF : 0);
    return result;
}

static uint64_t change_bit(enum arithmetic operation, uint64_t value, uint64_t number,
                           unsigned bytes, uint64_t *rflags)
{
    uint64_t bit = 1ull << number % (8 * bytes);
    set_flags(rflags, RFLAGS_CF, value & bit ? RFLAGS_CF : 0);
    return operation == ARITHMETIC_BTS   ? value | bit
           : operation == ARITHMETIC_BTR ? value & ~bit
                                         : value ^ bit;
}

static uint64_t combine(enum arithmetic operation, uint64_t left, uint64_t right, unsigned bytes,
                        uint64_t *flags)
{
    uint64_t result = operation == ARITHMETIC_OR    ? left | right
                      : operation == ARITHMETIC_AND ? left & right
                                                    : left ^ right;
    *flags = flags_of(result, bytes);
    return result;
}

uint64_t arithmetic_do(enum arithmetic operation, uint64_t left, uint64_t right, unsigned bytes,
                       uint64_t *rflags)
{
    bool carry = *rflags & RFLAGS_CF;
    uint64_t changed = FLAGS_ALL;
    uint64_t flags = 0;
    uint64_t result = left &= arithmetic_mask(bytes);
    right &= arithmetic_mask(bytes);
    switch (operation) {
    case ARITHMETIC_ADD:
    case ARITHMETIC_ADC:
        result = add(left, right, operation == ARITHMETIC_ADC && carry, bytes, &flags);
        break;
    case ARITHMETIC_SUB:
    case ARITHMETIC_SBB:
        result = subtract(left, right, operation == ARITHMETIC_SBB && carry, bytes, &flags);
        break;
    case ARITHMETIC_CMP:
        subtract(left, right, false, bytes, &flags);
        break;
    case ARITHMETIC_INC:
        result = add(left, 1, false, bytes, &flags);
        changed &= ~(uint64_t)RFLAGS_CF;
        break;
    case ARITHMETIC_DEC:
        result = subtract(left, 1, false, bytes, &flags);
        changed &= ~(uint64_t)RFLAGS_CF;
        break;
    case ARITHMETIC_NOT:
        return ~left & arithmetic_mask(bytes);
    case ARITHMETIC_NEG:
        result = subtract(0, left, false, bytes, &flags);
        break;
    case ARITHMETIC_BTS:
    case ARITHMETIC_BTR:
    case ARITHMETIC_BTC:
        return change_bit(operation, left, right, bytes, rflags);
    default:
        result = combine(operation, left, right, bytes, &flags);
        break;
    }
    set_flags(rflags, changed, flags);
    return result;
}
