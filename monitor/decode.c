#include "monitor/decode.h"

#include "monitor/guest_memory.h"
#include "monitor/opcodes.h"

#define REX_R 4
#define REX_X 2
#define REX_B 1

/* Where the decoder stands. */
struct cursor {
    const struct vcpu *vcpu;
    struct instruction *instruction;
    const struct svm_segment *segment; /* an override, or NULL */
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

/* A displacement or an immediate: sign-extended. */
static uint64_t next_value(struct cursor *cursor, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)next_byte(cursor) << (8 * i);
    switch (bytes) {
    case 1:
        return (uint64_t)(int64_t)(int8_t)value;
    case 2:
        return (uint64_t)(int64_t)(int16_t)value;
    case 4:
        return (uint64_t)(int64_t)(int32_t)value;
    default:
        return value;
    }
}

/* In 64-bit mode only FS and GS override anything. */
static bool take_segment(struct cursor *cursor, uint8_t byte)
{
    const struct svm_vmcb *vmcb = cursor->vcpu->vmcb;
    const struct svm_segment *segment = byte == 0x26   ? &vmcb->es
                                        : byte == 0x2E ? &vmcb->cs
                                        : byte == 0x36 ? &vmcb->ss
                                        : byte == 0x3E ? &vmcb->ds
                                        : byte == 0x64 ? &vmcb->fs
                                        : byte == 0x65 ? &vmcb->gs
                                                       : NULL;
    if (segment && (!cursor->is_64 || segment == &vmcb->fs || segment == &vmcb->gs))
        cursor->segment = segment;
    return segment;
}

static bool take_prefix(struct cursor *cursor, uint8_t byte)
{
    struct instruction *instruction = cursor->instruction;
    switch (byte) {
    case 0x67:
        cursor->address_prefix = true;
        return true;
    case 0x66:
        instruction->operand_prefix = true;
        return true;
    case PREFIX_REPNE:
    case PREFIX_REP:
        instruction->repeat = byte;
        return true;
    case 0xF0:
        return true;
    default:
        return take_segment(cursor, byte);
    }
}

/* REX means something only directly before the opcode. */
static uint8_t take_prefixes(struct cursor *cursor)
{
    for (;;) {
        uint8_t byte = next_byte(cursor);
        if (cursor->past_end)
            return 0;
        if (take_prefix(cursor, byte))
            cursor->instruction->rex = 0;
        else if (cursor->is_64 && (byte & 0xF0) == 0x40)
            cursor->instruction->rex = byte;
        else
            return byte;
    }
}

static void take_opcode(struct cursor *cursor)
{
    struct instruction *instruction = cursor->instruction;
    uint32_t opcode = take_prefixes(cursor);
    if (opcode == OPCODE_ESCAPE)
        opcode = opcode << 8 | next_byte(cursor);
    if (opcode == OPCODE_ESCAPE_38 || opcode == OPCODE_ESCAPE_3A)
        opcode = opcode << 8 | next_byte(cursor);
    instruction->opcode = opcode;
}

static void take_sizes(struct cursor *cursor)
{
    struct instruction *instruction = cursor->instruction;
    bool is_32 = cursor->vcpu->vmcb->cs.attributes & SVM_SEGMENT_D;
    if (cursor->is_64) {
        instruction->address_bytes = cursor->address_prefix ? 4 : 8;
        instruction->operand_bytes = instruction->rex & REX_W      ? 8
                                     : instruction->operand_prefix ? 2
                                                                   : 4;
        return;
    }
    instruction->address_bytes = is_32 == cursor->address_prefix ? 2 : 4;
    instruction->operand_bytes = is_32 == instruction->operand_prefix ? 2 : 4;
}

static unsigned immediate_bytes(const struct instruction *instruction)
{
    return opcode_immediate_bytes(instruction->opcode, instruction->reg,
                                  instruction->operand_bytes);
}

static uint64_t add_segment(const struct cursor *cursor, uint64_t offset,
                            const struct svm_segment *segment)
{
    const struct svm_vmcb *vmcb = cursor->vcpu->vmcb;
    bool has_base = !cursor->is_64 || segment == &vmcb->fs || segment == &vmcb->gs;
    if (cursor->instruction->address_bytes < 8)
        offset &= (1ull << 8 * cursor->instruction->address_bytes) - 1;
    uint64_t linear = has_base ? segment->base + offset : offset;
    return cursor->is_64 ? linear : (uint32_t)linear;
}

static uint64_t add_data_segment(const struct cursor *cursor, uint64_t offset, bool stack)
{
    const struct svm_vmcb *vmcb = cursor->vcpu->vmcb;
    return add_segment(cursor, offset,
                       cursor->segment ? cursor->segment
                       : stack         ? &vmcb->ss
                                       : &vmcb->ds);
}

static uint64_t get(const struct cursor *cursor, unsigned number)
{
    return vcpu_register(cursor->vcpu, (enum guest_register)number);
}

/* The address without displacement, whose length may change; @stack: the base is RSP or RBP. */
static uint64_t take_sib(struct cursor *cursor, uint8_t mod, unsigned *displacement, bool *stack)
{
    uint8_t rex = cursor->instruction->rex;
    uint8_t sib = next_byte(cursor);
    unsigned index = (unsigned)(sib >> 3 & 7) | (rex & REX_X ? 8u : 0u);
    unsigned base = (unsigned)(sib & 7) | (rex & REX_B ? 8u : 0u);
    uint64_t address = index == RSP ? 0 : get(cursor, index) << (sib >> 6);
    if ((sib & 7) == RBP && mod == 0) {
        *displacement = 4;
        return address;
    }
    *stack = base == RSP || base == RBP;
    return address + get(cursor, base);
}

/* SDM vol. 2, table 2-1. */
static void take_address_16(struct cursor *cursor, uint8_t mod, uint8_t rm)
{
    static const struct {
        uint8_t first, second;
        bool has_second, stack;
    } forms[] = {{RBX, RSI, true, false}, {RBX, RDI, true, false}, {RBP, RSI, true, true},
                 {RBP, RDI, true, true},  {RSI, 0, false, false},  {RDI, 0, false, false},
                 {RBP, 0, false, true},   {RBX, 0, false, false}};
    bool absolute = mod == 0 && rm == 6;
    uint64_t address = absolute ? 0 : get(cursor, forms[rm].first);
    if (forms[rm].has_second)
        address += get(cursor, forms[rm].second);
    address += next_value(cursor, absolute || mod == 2 ? 2 : mod);
    cursor->instruction->linear = add_data_segment(cursor, address, forms[rm].stack && !absolute);
}

static void take_address(struct cursor *cursor, uint8_t mod, uint8_t rm)
{
    struct instruction *instruction = cursor->instruction;
    unsigned displacement = mod == 1 ? 1 : mod == 2 ? 4 : 0;
    uint64_t address = 0;
    bool stack = false;
    bool relative = false;
    if (rm == RSP) {
        address = take_sib(cursor, mod, &displacement, &stack);
    } else if (rm == RBP && mod == 0) {
        displacement = 4;
        relative = cursor->is_64;
    } else {
        address = get(cursor, instruction->rm);
        stack = instruction->rm == RBP;
    }
    address += next_value(cursor, displacement);
    /* It counts from the instruction's end. */
    if (relative)
        address += cursor->vcpu->vmcb->rip + instruction->bytes + immediate_bytes(instruction);
    instruction->linear = add_data_segment(cursor, address, stack);
}

static void take_modrm(struct cursor *cursor)
{
    struct instruction *instruction = cursor->instruction;
    uint8_t modrm = next_byte(cursor);
    uint8_t mod = modrm >> 6;
    instruction->has_modrm = true;
    instruction->reg = (uint8_t)((modrm >> 3 & 7) | (instruction->rex & REX_R ? 8 : 0));
    instruction->rm = (uint8_t)((modrm & 7) | (instruction->rex & REX_B ? 8 : 0));
    /* Control registers are named by ModRM whatever its mod says. */
    instruction->is_register = mod == 3 || instruction->opcode == OPCODE_MOV_FROM_CR ||
                               instruction->opcode == OPCODE_MOV_TO_CR;
    if (instruction->is_register)
        return;
    if (instruction->address_bytes == 2)
        take_address_16(cursor, mod, modrm & 7);
    else
        take_address(cursor, mod, modrm & 7);
}

/* ins, outs, movs, cmps, stos, lods, scas: by ES:RDI, by DS:RSI (which has overrides), or both. */
static void take_string(struct cursor *cursor)
{
    struct instruction *instruction = cursor->instruction;
    uint8_t pair = (uint8_t)instruction->opcode & 0xFE;
    bool reads = pair == 0x6E || pair == 0xA4 || pair == 0xA6 || pair == 0xAC;
    bool has_destination = pair != 0x6E && pair != 0xAC;
    if (reads)
        instruction->source = add_data_segment(cursor, get(cursor, RSI), false);
    instruction->linear = has_destination
                              ? add_segment(cursor, get(cursor, RDI), &cursor->vcpu->vmcb->es)
                              : instruction->source;
}

bool decode(const struct vcpu *vcpu, struct instruction *instruction)
{
    struct cursor cursor = {
        .vcpu = vcpu,
        .instruction = instruction,
        .is_64 = vcpu_is_64(vcpu),
    };
    *instruction = (struct instruction){0};
    uint64_t rip =
        cursor.is_64 ? vcpu->vmcb->rip : (uint32_t)(vcpu->vmcb->cs.base + vcpu->vmcb->rip);
    instruction->code_bytes =
        (uint8_t)guest_read(vcpu, rip, instruction->code, sizeof(instruction->code));
    take_opcode(&cursor);
    take_sizes(&cursor);
    if (opcode_has_modrm(instruction->opcode, cursor.is_64)) {
        take_modrm(&cursor);
        instruction->immediate = next_value(&cursor, immediate_bytes(instruction));
    } else if (instruction->opcode >= 0xA0 && instruction->opcode <= 0xA3) {
        instruction->linear =
            add_data_segment(&cursor, next_value(&cursor, instruction->address_bytes), false);
    } else if (opcode_is_string(instruction->opcode)) {
        take_string(&cursor);
    }
    return !cursor.past_end;
}
