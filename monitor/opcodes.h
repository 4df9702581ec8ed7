/**
 * What follows an opcode (SDM vol. 2, appendix A). Opcodes carry their escape bytes: 0F, 0F 38 or
 * 0F 3A before them.
 */
#ifndef MONITOR_OPCODES_H
#define MONITOR_OPCODES_H

#include <stdbool.h>
#include <stdint.h>

#define OPCODE_ESCAPE    0x0F
#define OPCODE_ESCAPE_38 0x0F38
#define OPCODE_ESCAPE_3A 0x0F3A

/** Whether a ModRM byte does. VEX and EVEX have none here. */
bool opcode_has_modrm(uint32_t opcode, bool is_64);

/** How long an immediate is behind a ModRM with @reg and its displacement: 0 to 4. */
unsigned opcode_immediate_bytes(uint32_t opcode, unsigned reg, unsigned operand_bytes);

/** ins, outs, movs, cmps, stos, lods, scas. */
bool opcode_is_string(uint32_t opcode);

#endif
