/**
 * A guest's general registers outside of its VMCB (RAX and RSP are in there).
 */
#ifndef MONITOR_REGISTERS_H
#define MONITOR_REGISTERS_H

#define REGISTERS_RCX 0x08
#define REGISTERS_RDX 0x10
#define REGISTERS_RBX 0x18
#define REGISTERS_RBP 0x28
#define REGISTERS_RSI 0x30
#define REGISTERS_RDI 0x38
#define REGISTERS_R8  0x40
#define REGISTERS_R9  0x48
#define REGISTERS_R10 0x50
#define REGISTERS_R11 0x58
#define REGISTERS_R12 0x60
#define REGISTERS_R13 0x68
#define REGISTERS_R14 0x70
#define REGISTERS_R15 0x78

#ifndef __ASSEMBLER__
#include <stdint.h>

/** Numbered as instructions encode them (SDM vol. 2, table 3-1). */
enum guest_register {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
    GUEST_REGISTERS,
};

struct guest_registers {
    uint64_t value[GUEST_REGISTERS];
};

_Static_assert(RBX * 8 == REGISTERS_RBX && R15 * 8 == REGISTERS_R15, "vmrun.S");
#endif

#endif
