/**
 * Just enough of the instruction format (SDM vol. 2, 2.1) to know an instruction that exited:
 * its opcode and its operand's address. The processors that QEMU emulates do not help.
 */
#ifndef MONITOR_DECODE_H
#define MONITOR_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/vcpu.h"

/* Two-byte opcodes carry their 0x0F. */
#define OPCODE_LMSW_GROUP  0x0F01
#define OPCODE_CLTS        0x0F06
#define OPCODE_MOV_FROM_CR 0x0F20
#define OPCODE_MOV_TO_CR   0x0F22

struct instruction {
    uint16_t opcode;
    uint8_t reg, rm; /* of ModRM, with REX; rm is a register where is_register */
    bool has_modrm;
    bool is_register;
    bool relative; /* its operand's address counts from RIP: see take_modrm() */
    uint8_t rex;
    bool operand_prefix, address_prefix, repeats;
    uint8_t bytes; /* up to and with its ModRM and displacement; not its immediate */
    uint8_t code[15];
    uint8_t code_bytes; /* of code[] that could be read */
    uint64_t linear;    /* of its memory operand */
};

/** The instruction at RIP; false if it cannot be read or ends outside of what can be. */
bool decode(const struct vcpu *vcpu, struct instruction *instruction);

#endif
