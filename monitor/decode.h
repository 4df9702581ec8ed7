/**
 * Just enough of the instruction format (SDM vol. 2, 2.1) to know an instruction that exited:
 * its length, its opcode, its operand's address. The processors that QEMU emulates do not help.
 */
#ifndef MONITOR_DECODE_H
#define MONITOR_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

#define INSTRUCTION_MOST_BYTES 15

/* See opcodes.h. */
#define OPCODE_LMSW_GROUP  0x0F01
#define OPCODE_CLTS        0x0F06
#define OPCODE_MOV_FROM_CR 0x0F20
#define OPCODE_MOV_TO_CR   0x0F22

#define PREFIX_REPNE 0xF2
#define PREFIX_REP   0xF3

#define REX_W 8

struct instruction {
    uint32_t opcode;
    uint8_t reg, rm; /* of ModRM, with REX; rm is a register where is_register */
    bool has_modrm;
    bool is_register;
    uint8_t rex;
    bool operand_prefix;
    uint8_t repeat;        /* PREFIX_REP, PREFIX_REPNE or 0 */
    uint8_t operand_bytes; /* 2, 4 or 8: of an operand that is no byte */
    uint8_t address_bytes; /* 2, 4 or 8 */
    uint8_t bytes;         /* all of it, but for an immediate without a ModRM before it */
    uint64_t immediate;    /* sign-extended */
    uint64_t linear;       /* of its memory operand; of the destination, of a string move's two */
    uint64_t source;       /* of a string instruction that reads memory */
    uint8_t code[INSTRUCTION_MOST_BYTES];
    uint8_t code_bytes; /* of code[] that could be read */
};

/**
 * The instruction at RIP; false if it cannot be read, or has no end within 15 bytes. Those of VEX
 * and EVEX end with their first byte here.
 */
bool decode(const struct vcpu *vcpu, struct instruction *instruction);

#endif
