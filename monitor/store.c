#include "monitor/store.h"

#include "abi/x86.h"
#include "monitor/npt.h"
#include "monitor/report.h"
#include "monitor/store_work.h"

#define OPCODE_CMPXCHG_8 0x0FC7

enum size {
    SIZE_BY_OPCODE, /* a byte if it is even */
    SIZE_OPERAND,
    SIZE_8,
    SIZE_16,
};

#define NO_PREFIX  0
#define PREFIX_66  0x66
#define ANY_PREFIX 0xFF

/* Every instruction known here, by its opcode without the bits in @variants. */
static const struct form {
    uint16_t opcode, variants;
    uint8_t groups; /* the values of ModRM's reg that mean it, as bits */
    uint8_t prefix; /* as part of the opcode */
    enum size size;
    void (*store)(struct store_work *work);
} forms[] = {
    {0x88, 1, 0xFF, ANY_PREFIX, SIZE_BY_OPCODE, store_move_source},
    {0xA2, 1, 0xFF, ANY_PREFIX, SIZE_BY_OPCODE, store_move_accumulator},
    {0xC6, 1, 0x01, ANY_PREFIX, SIZE_BY_OPCODE, store_move_immediate},
    {0x0FC3, 0, 0xFF, ANY_PREFIX, SIZE_OPERAND, store_move_source}, /* movnti */
    {0x86, 1, 0xFF, ANY_PREFIX, SIZE_BY_OPCODE, store_exchange},
    {0x0FB0, 1, 0xFF, ANY_PREFIX, SIZE_BY_OPCODE, store_compare_exchange},
    {OPCODE_CMPXCHG_8, 0, 0x02, ANY_PREFIX, SIZE_8, store_compare_exchange_8},
    {0x0FC0, 1, 0xFF, ANY_PREFIX, SIZE_BY_OPCODE, store_exchange_and_add},
    {0x00, 0x39, 0xFF, ANY_PREFIX, SIZE_BY_OPCODE, store_calculate_source},
    {0x80, 1, 0xFF, ANY_PREFIX, SIZE_BY_OPCODE, store_calculate_immediate},
    {0x83, 0, 0xFF, ANY_PREFIX, SIZE_OPERAND, store_calculate_immediate},
    {0xFE, 1, 0x03, ANY_PREFIX, SIZE_BY_OPCODE, store_calculate_alone}, /* inc, dec */
    {0xF6, 1, 0x0C, ANY_PREFIX, SIZE_BY_OPCODE, store_calculate_alone}, /* not, neg */
    {0x0FAB, 0, 0xFF, ANY_PREFIX, SIZE_OPERAND, store_change_bit},
    {0x0FB3, 0x08, 0xFF, ANY_PREFIX, SIZE_OPERAND, store_change_bit},
    {0x0FBA, 0, 0xE0, ANY_PREFIX, SIZE_OPERAND, store_change_bit},
    {0xA4, 1, 0xFF, ANY_PREFIX, SIZE_BY_OPCODE, store_string},
    {0xAA, 1, 0xFF, ANY_PREFIX, SIZE_BY_OPCODE, store_string},
    {0x0F11, 0, 0xFF, NO_PREFIX, SIZE_16, store_move_vector},  /* movups */
    {0x0F11, 0, 0xFF, PREFIX_66, SIZE_16, store_move_vector},  /* movupd */
    {0x0F29, 0, 0xFF, NO_PREFIX, SIZE_16, store_move_vector},  /* movaps */
    {0x0F29, 0, 0xFF, PREFIX_66, SIZE_16, store_move_vector},  /* movapd */
    {0x0F2B, 0, 0xFF, NO_PREFIX, SIZE_16, store_move_vector},  /* movntps */
    {0x0F2B, 0, 0xFF, PREFIX_66, SIZE_16, store_move_vector},  /* movntpd */
    {0x0F7F, 0, 0xFF, PREFIX_66, SIZE_16, store_move_vector},  /* movdqa */
    {0x0F7F, 0, 0xFF, PREFIX_REP, SIZE_16, store_move_vector}, /* movdqu */
    {0x0FE7, 0, 0xFF, PREFIX_66, SIZE_16, store_move_vector},  /* movntdq */
};

static bool is_form(const struct form *form, const struct instruction *instruction)
{
    uint8_t prefix = instruction->repeat           ? instruction->repeat
                     : instruction->operand_prefix ? PREFIX_66
                                                   : NO_PREFIX;
    return (instruction->opcode & ~(uint32_t)form->variants) == form->opcode &&
           (form->groups >> (instruction->reg & 7) & 1) &&
           (form->prefix == ANY_PREFIX || form->prefix == prefix) && !instruction->is_register &&
           !(form->size == SIZE_8 && (instruction->rex & REX_W)); /* cmpxchg16b */
}

static const struct form *find_form(const struct instruction *instruction)
{
    for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (is_form(&forms[i], instruction))
            return &forms[i];
    return NULL;
}

static unsigned bytes_of(const struct form *form, const struct instruction *instruction)
{
    switch (form->size) {
    case SIZE_BY_OPCODE:
        return instruction->opcode & 1 ? instruction->operand_bytes : 1;
    case SIZE_OPERAND:
        return instruction->operand_bytes;
    case SIZE_8:
        return 8;
    default:
        return 16;
    }
}

static void read_instruction(struct store_work *work, uint64_t phys)
{
    struct vcpu *vcpu = work->vcpu;
    if (vcpu->vmcb->event_inject & SVM_EVENT_VALID)
        fatal(vcpu, "event 0x%lx is delivered to a stack in the firmware's page at 0x%lx",
              vcpu->vmcb->event_inject, phys);
    if (!decode(vcpu, &work->instruction))
        fatal(vcpu, "cannot read the instruction that stores to 0x%lx", phys);
    if (work->instruction.address_bytes == 2)
        fatal(vcpu, "a store to the firmware's page at 0x%lx by a 16-bit address: not known here",
              phys);
}

static void check_place(const struct store_work *work, const struct form *form)
{
    uint64_t linear = work->instruction.linear;
    if (form->store == store_change_bit && work->instruction.opcode != 0x0FBA)
        linear += store_bit_displacement(work);
    if (linear % PAGE_BYTES != work->store.phys % PAGE_BYTES ||
        linear % PAGE_BYTES + work->store.bytes > PAGE_BYTES)
        fatal(work->vcpu, "a store over the end of the firmware's page at 0x%lx: not known here",
              work->store.phys);
}

void store_emulate(struct vcpu *vcpu, uint64_t phys, store_observer *observe)
{
    struct store_work work = {.vcpu = vcpu, .observe = observe, .store = {.phys = phys}};
    read_instruction(&work, phys);
    const struct form *form = find_form(&work.instruction);
    if (!form)
        fatal(vcpu, "opcode 0x%x stores to the firmware's page at 0x%lx in a way not known here",
              work.instruction.opcode, phys);
    work.store.bytes = bytes_of(form, &work.instruction);
    work.host = (uint8_t *)npt_host_address(phys & ~(uint64_t)(PAGE_BYTES - 1)) + phys % PAGE_BYTES;
    check_place(&work, form);
    form->store(&work);
    if (!work.unfinished)
        vcpu_skip(vcpu, work.instruction.bytes);
}
