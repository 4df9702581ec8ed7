#include "monitor/decode.h"

#include "monitor/guest_memory.h"

#define REX_W 8
#define REX_R 4
#define REX_X 2
#define REX_B 1

/* Where the decoder stands. */
struct cursor {
    const struct vcpu *vcpu;
    struct instruction *instruction;
    const struct svm_segment *segment; /* an override, or NULL */
    uint8_t rex;
    bool address_prefix;
    bool is_64;
    bool past_end;
};

static uint8_t next_byte(struct cursor *cursor)
{
    struct instruction *instruction = cursor->instruction;
    if (instruction->bytes >= instruction->code_bytes) {
        cursor->past_end = true;
        return 0;
    }
    return instruction->code[instruction->bytes++];
}

static uint64_t next_displacement(struct cursor *cursor, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)next_byte(cursor) << (8 * i);
    if (bytes == 1)
        return (uint64_t)(int64_t)(int8_t)value;
    return bytes == 4 ? (uint64_t)(int64_t)(int32_t)value : value;
}

static bool take_prefix(struct cursor *cursor, uint8_t byte)
{
    const struct svm_vmcb *vmcb = cursor->vcpu->vmcb;
    switch (byte) {
    case 0x26:
        cursor->segment = &vmcb->es;
        return true;
    case 0x2E:
        cursor->segment = &vmcb->cs;
        return true;
    case 0x36:
        cursor->segment = &vmcb->ss;
        return true;
    case 0x3E:
        cursor->segment = &vmcb->ds;
        return true;
    case 0x64:
        cursor->segment = &vmcb->fs;
        return true;
    case 0x65:
        cursor->segment = &vmcb->gs;
        return true;
    case 0x67:
        cursor->address_prefix = cursor->instruction->address_prefix = true;
        return true;
    case 0x66:
        cursor->instruction->operand_prefix = true;
        return true;
    case 0xF2:
    case 0xF3:
        cursor->instruction->repeats = true;
        return true;
    case 0xF0:
        return true;
    default:
        return false;
    }
}

static void take_prefixes_and_opcode(struct cursor *cursor)
{
    uint8_t byte = next_byte(cursor);
    while (!cursor->past_end && take_prefix(cursor, byte))
        byte = next_byte(cursor);
    if (cursor->is_64 && (byte & 0xF0) == 0x40) {
        cursor->rex = cursor->instruction->rex = byte;
        byte = next_byte(cursor);
    }
    cursor->instruction->opcode = byte;
    if (byte == 0x0F)
        cursor->instruction->opcode = (uint16_t)(0x0F00 | next_byte(cursor));
}

/* Of those that can access memory: the accumulator's moves by absolute address, string moves. */
static bool opcode_has_modrm(uint16_t opcode)
{
    if (opcode >= 0x0F00)
        return opcode != OPCODE_CLTS && !(opcode >= 0x0F80 && opcode <= 0x0F8F);
    if (opcode < 0x40)
        return (opcode & 7) < 4;
    return (opcode >= 0x80 && opcode <= 0x8F) || opcode == 0x62 || opcode == 0x63 ||
           opcode == 0x69 || opcode == 0x6B || opcode == 0xC0 || opcode == 0xC1 || opcode == 0xC6 ||
           opcode == 0xC7 || (opcode >= 0xD0 && opcode <= 0xD3) ||
           (opcode >= 0xD8 && opcode <= 0xDF) || opcode == 0xF6 || opcode == 0xF7 ||
           opcode == 0xFE || opcode == 0xFF;
}

static bool uses_stack_segment(unsigned base)
{
    return base == RSP || base == RBP;
}

/* Whether it is a base with SIB, and its address without displacement. */
static uint64_t sib_address(struct cursor *cursor, uint8_t mod, unsigned *displacement,
                            unsigned *base)
{
    uint8_t sib = next_byte(cursor);
    unsigned index = (unsigned)(sib >> 3 & 7) | (cursor->rex & REX_X ? 8u : 0u);
    *base = (unsigned)(sib & 7) | (cursor->rex & REX_B ? 8u : 0u);
    uint64_t address = 0;
    if (index != RSP)
        address += vcpu_register(cursor->vcpu, (enum guest_register)index) << (sib >> 6);
    if ((sib & 7) == RBP && mod == 0)
        *displacement = 4;
    else
        address += vcpu_register(cursor->vcpu, (enum guest_register) * base);
    return address;
}

static uint64_t add_segment(const struct cursor *cursor, uint64_t offset, bool stack)
{
    const struct svm_vmcb *vmcb = cursor->vcpu->vmcb;
    const struct svm_segment *segment = cursor->segment ? cursor->segment
                                        : stack         ? &vmcb->ss
                                                        : &vmcb->ds;
    bool has_base = !cursor->is_64 || segment == &vmcb->fs || segment == &vmcb->gs;
    if (!cursor->is_64 || cursor->address_prefix)
        offset = (uint32_t)offset;
    uint64_t linear = has_base ? segment->base + offset : offset;
    return cursor->is_64 ? linear : (uint32_t)linear;
}

/*
 * A RIP-relative address counts from the instruction's end: a caller that has an immediate behind
 * the displacement is off by its length, which does not leave the page that matters.
 */
static void take_modrm(struct cursor *cursor)
{
    struct instruction *instruction = cursor->instruction;
    uint8_t modrm = next_byte(cursor);
    uint8_t mod = modrm >> 6;
    unsigned displacement = mod == 1 ? 1 : mod == 2 ? 4 : 0;
    unsigned base = (unsigned)(modrm & 7) | (cursor->rex & REX_B ? 8u : 0u);
    uint64_t address = 0;
    bool relative = false;
    instruction->has_modrm = true;
    instruction->reg = (uint8_t)((modrm >> 3 & 7) | (cursor->rex & REX_R ? 8 : 0));
    instruction->rm = (uint8_t)base;
    instruction->is_register = mod == 3;
    if (mod == 3)
        return;
    if ((modrm & 7) == RSP) {
        address = sib_address(cursor, mod, &displacement, &base);
    } else if ((modrm & 7) == RBP && mod == 0) {
        displacement = 4;
        relative = cursor->is_64;
        base = RAX;
    } else {
        address = vcpu_register(cursor->vcpu, (enum guest_register)base);
    }
    address += next_displacement(cursor, displacement);
    instruction->relative = relative;
    if (relative)
        address += cursor->vcpu->vmcb->rip + instruction->bytes;
    instruction->linear = add_segment(cursor, address, uses_stack_segment(base));
}

static void take_operand(struct cursor *cursor)
{
    struct instruction *instruction = cursor->instruction;
    uint16_t opcode = instruction->opcode;
    /* Control registers are named by ModRM whatever its mod says. */
    if (opcode == OPCODE_MOV_FROM_CR || opcode == OPCODE_MOV_TO_CR) {
        uint8_t modrm = next_byte(cursor);
        instruction->reg = (uint8_t)(modrm >> 3 & 7);
        instruction->rm = (uint8_t)((modrm & 7) | (cursor->rex & REX_B ? 8 : 0));
        instruction->is_register = true;
    } else if (opcode_has_modrm(opcode)) {
        take_modrm(cursor);
    } else if (opcode >= 0xA0 && opcode <= 0xA3) {
        instruction->linear =
            add_segment(cursor, next_displacement(cursor, cursor->is_64 ? 8 : 4), false);
    } else if (opcode == 0xA4 || opcode == 0xA5 || opcode == 0xAA || opcode == 0xAB) {
        /* Which of the two a string move faulted on, its caller knows: here, where it stores. */
        instruction->linear = vcpu_register(cursor->vcpu, RDI);
    }
}

bool decode(const struct vcpu *vcpu, struct instruction *instruction)
{
    struct cursor cursor = {
        .vcpu = vcpu,
        .instruction = instruction,
        .is_64 = vcpu_is_64(vcpu),
    };
    *instruction = (struct instruction){0};
    uint64_t rip = vcpu->vmcb->rip + (cursor.is_64 ? 0 : vcpu->vmcb->cs.base);
    instruction->code_bytes =
        (uint8_t)guest_read(vcpu, rip, instruction->code, sizeof(instruction->code));
    take_prefixes_and_opcode(&cursor);
    take_operand(&cursor);
    return !cursor.past_end;
}
