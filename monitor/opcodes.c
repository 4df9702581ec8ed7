#include "monitor/opcodes.h"

/* Of the escaped ones: what has neither operand nor register in a ModRM byte. */
static bool escaped_has_modrm(uint32_t opcode)
{
    uint8_t last = (uint8_t)opcode;
    if (opcode > 0xFFFF)
        return true;
    return !((last >= 0x04 && last <= 0x0C) || (last >= 0x30 && last <= 0x3F) || last == 0x77 ||
             (last >= 0x80 && last <= 0x8F) || (last >= 0xA0 && last <= 0xA2) ||
             (last >= 0xA8 && last <= 0xAA) || last == 0xFF || (last >= 0xC8 && last <= 0xCF));
}

/* The others that access memory name no register for it: absolute moves, string instructions. */
bool opcode_has_modrm(uint32_t opcode, bool is_64)
{
    if (opcode > 0xFF)
        return escaped_has_modrm(opcode);
    if (opcode < 0x40)
        return (opcode & 7) < 4;
    if (opcode == 0x62 || opcode == 0xC4 || opcode == 0xC5) /* EVEX and VEX in 64-bit mode */
        return !is_64;
    return (opcode >= 0x80 && opcode <= 0x8F) || opcode == 0x63 || opcode == 0x69 ||
           opcode == 0x6B || opcode == 0xC0 || opcode == 0xC1 || opcode == 0xC6 || opcode == 0xC7 ||
           (opcode >= 0xD0 && opcode <= 0xD3) || (opcode >= 0xD8 && opcode <= 0xDF) ||
           opcode == 0xF6 || opcode == 0xF7 || opcode == 0xFE || opcode == 0xFF;
}

unsigned opcode_immediate_bytes(uint32_t opcode, unsigned reg, unsigned operand_bytes)
{
    unsigned whole = operand_bytes == 2 ? 2 : 4;
    bool is_test = (reg & 7) < 2;
    switch (opcode) {
    case 0x6B:
    case 0x80:
    case 0x82:
    case 0x83:
    case 0xC0:
    case 0xC1:
    case 0xC6:
    case 0x0F70:
    case 0x0F71:
    case 0x0F72:
    case 0x0F73:
    case 0x0FA4:
    case 0x0FAC:
    case 0x0FBA:
    case 0x0FC2:
    case 0x0FC4:
    case 0x0FC5:
    case 0x0FC6:
        return 1;
    case 0x69:
    case 0x81:
    case 0xC7:
        return whole;
    case 0xF6:
        return is_test ? 1 : 0;
    case 0xF7:
        return is_test ? whole : 0;
    default:
        return opcode >> 8 == OPCODE_ESCAPE_3A ? 1 : 0;
    }
}

bool opcode_is_string(uint32_t opcode)
{
    return (opcode >= 0x6C && opcode <= 0x6F) || (opcode >= 0xA4 && opcode <= 0xA7) ||
           (opcode >= 0xAA && opcode <= 0xAF);
}
