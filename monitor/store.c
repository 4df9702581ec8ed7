#include "monitor/store.h"

#include "abi/x86.h"
#include "monitor/decode.h"
#include "monitor/guest_memory.h"
#include "monitor/npt.h"
#include "monitor/report.h"

#define RFLAGS_COMPARED 0x8D5u /* OF, SF, ZF, AF, PF, CF */
#define SEGMENT_D       0x400
#define IMMEDIATE_MOST  4

#define OPCODE_CMPXCHG_8 0x0FB0
#define OPCODE_CMPXCHG   0x0FB1
#define OPCODE_MOVNTI    0x0FC3

/* What is under way. */
struct work {
    struct vcpu *vcpu;
    struct instruction instruction;
    uint8_t *host; /* where @phys lies */
    struct store store;
    store_observer *observe;
};

static uint64_t mask_of(unsigned bytes)
{
    return bytes == 8 ? UINT64_MAX : (1ull << bytes * 8) - 1;
}

static void put(struct work *work, uint64_t value)
{
    work->store.value = value & mask_of(work->store.bytes);
    work->observe(work->vcpu, &work->store);
    switch (work->store.bytes) {
    case 1:
        __atomic_store_n(work->host, (uint8_t)value, __ATOMIC_SEQ_CST);
        break;
    case 2:
        __atomic_store_n((uint16_t *)(void *)work->host, (uint16_t)value, __ATOMIC_SEQ_CST);
        break;
    case 4:
        __atomic_store_n((uint32_t *)(void *)work->host, (uint32_t)value, __ATOMIC_SEQ_CST);
        break;
    default:
        __atomic_store_n((uint64_t *)(void *)work->host, value, __ATOMIC_SEQ_CST);
        break;
    }
}

/* Without REX, 4 to 7 name the second bytes of the first four registers. */
static bool is_high_byte(const struct work *work)
{
    return work->store.bytes == 1 && !work->instruction.rex && work->instruction.reg >= RSP &&
           work->instruction.reg <= RDI;
}

static uint64_t source_register(const struct work *work)
{
    unsigned reg = work->instruction.reg;
    if (is_high_byte(work))
        return vcpu_register(work->vcpu, (enum guest_register)(reg - RSP)) >> 8;
    return vcpu_register(work->vcpu, (enum guest_register)reg);
}

/* 32-bit results clear the upper half; shorter ones leave the rest. */
static void set_register(struct work *work, enum guest_register reg, uint64_t value, bool high)
{
    uint64_t mask = mask_of(work->store.bytes);
    uint64_t old = vcpu_register(work->vcpu, reg);
    if (high)
        value = (old & ~0xFF00ull) | (value & 0xFF) << 8;
    else if (work->store.bytes < 4)
        value = (old & ~mask) | (value & mask);
    vcpu_set_register(work->vcpu, reg, work->store.bytes == 4 && !high ? (uint32_t)value : value);
}

static uint64_t immediate(struct work *work)
{
    struct instruction *instruction = &work->instruction;
    unsigned bytes = work->store.bytes < IMMEDIATE_MOST ? work->store.bytes : IMMEDIATE_MOST;
    uint64_t value = 0;
    if (instruction->bytes + bytes > instruction->code_bytes)
        fatal(work->vcpu, "cannot read the instruction that stores to 0x%lx", work->store.phys);
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)instruction->code[instruction->bytes++] << (8 * i);
    return bytes == IMMEDIATE_MOST ? (uint64_t)(int64_t)(int32_t)value : value;
}

#define EXCHANGE(type)                                                                             \
    *(uint64_t *)old =                                                                             \
        __atomic_exchange_n((type *)(void *)work->host, (type)value, __ATOMIC_SEQ_CST)
static void exchange(struct work *work)
{
    uint64_t value = source_register(work);
    uint64_t old[1];
    work->store.value = value & mask_of(work->store.bytes);
    work->observe(work->vcpu, &work->store);
    switch (work->store.bytes) {
    case 1:
        EXCHANGE(uint8_t);
        break;
    case 2:
        EXCHANGE(uint16_t);
        break;
    case 4:
        EXCHANGE(uint32_t);
        break;
    default:
        EXCHANGE(uint64_t);
        break;
    }
    bool high = is_high_byte(work);
    unsigned reg = work->instruction.reg;
    set_register(work, (enum guest_register)(high ? reg - RSP : reg), old[0], high);
}

/* The processor itself says which flags come of it. */
#define COMPARE(suffix, type)                                                                      \
    do {                                                                                           \
        type part = (type)accumulator;                                                             \
        __asm__ volatile("lock cmpxchg" suffix " %3, %1\n\tpushfq\n\tpopq %2"                      \
                         : "+a"(part), "+m"(*(type *)(void *)work->host), "=&r"(flags)             \
                         : "r"((type)value)                                                        \
                         : "cc", "memory");                                                        \
        accumulator = part;                                                                        \
    } while (0)
static void compare_exchange(struct work *work)
{
    uint64_t value = source_register(work);
    uint64_t accumulator = vcpu_register(work->vcpu, RAX);
    uint64_t flags;
    uint64_t now = 0;
    __builtin_memcpy(&now, work->host, work->store.bytes);
    work->store.value = value & mask_of(work->store.bytes);
    /* Nobody but firmware can come between: one that takes a command makes this fail unseen. */
    if (now == (accumulator & mask_of(work->store.bytes)))
        work->observe(work->vcpu, &work->store);
    switch (work->store.bytes) {
    case 1:
        COMPARE("b", uint8_t);
        break;
    case 2:
        COMPARE("w", uint16_t);
        break;
    case 4:
        COMPARE("l", uint32_t);
        break;
    default:
        COMPARE("q", uint64_t);
        break;
    }
    struct svm_vmcb *vmcb = work->vcpu->vmcb;
    bool equal = flags & 0x40;
    vmcb->rflags = (vmcb->rflags & ~(uint64_t)RFLAGS_COMPARED) | (flags & RFLAGS_COMPARED);
    if (!equal)
        set_register(work, RAX, accumulator, false);
}

static uint64_t string_source(struct work *work)
{
    struct vcpu *vcpu = work->vcpu;
    uint64_t value = vcpu_register(vcpu, RAX);
    uint64_t base = vcpu_is_64(vcpu) ? 0 : vcpu->vmcb->ds.base;
    if (work->instruction.opcode >= 0xAA)
        return value;
    if (guest_read(vcpu, base + vcpu_register(vcpu, RSI), &value, work->store.bytes) !=
        work->store.bytes)
        fatal(vcpu, "cannot read what a string move stores to 0x%lx", work->store.phys);
    return value;
}

/* As far as this page goes; whether all of it is done. */
static bool string(struct work *work)
{
    struct vcpu *vcpu = work->vcpu;
    struct instruction *instruction = &work->instruction;
    uint64_t address_mask = mask_of(vcpu_is_64(vcpu) ? 8 : 4);
    bool down = vcpu->vmcb->rflags & RFLAGS_DF;
    uint64_t step = down ? -(uint64_t)work->store.bytes : work->store.bytes;
    uint64_t page = work->store.phys / PAGE_BYTES;
    uint64_t count = instruction->repeats ? vcpu_register(vcpu, RCX) & address_mask : 1;
    while (count && work->store.phys / PAGE_BYTES == page &&
           work->store.phys % PAGE_BYTES + work->store.bytes <= PAGE_BYTES) {
        put(work, string_source(work));
        vcpu_set_register(vcpu, RDI, (vcpu_register(vcpu, RDI) + step) & address_mask);
        if (instruction->opcode < 0xAA)
            vcpu_set_register(vcpu, RSI, (vcpu_register(vcpu, RSI) + step) & address_mask);
        count--;
        work->store.phys += step;
        work->host += (int64_t)step;
    }
    if (instruction->repeats)
        vcpu_set_register(vcpu, RCX, count);
    return !count;
}

static unsigned operand_bytes(const struct instruction *instruction)
{
    bool is_byte = !(instruction->opcode & 1) || instruction->opcode == OPCODE_MOVNTI;
    if (instruction->opcode == OPCODE_MOVNTI)
        return instruction->rex & 8 ? 8 : 4;
    if (is_byte)
        return 1;
    return instruction->rex & 8 ? 8 : instruction->operand_prefix ? 2 : 4;
}

static void prepare(struct work *work, uint64_t phys)
{
    struct vcpu *vcpu = work->vcpu;
    if (vcpu->vmcb->event_inject & SVM_EVENT_VALID)
        fatal(vcpu, "event 0x%lx is delivered to a stack in the firmware's page at 0x%lx",
              vcpu->vmcb->event_inject, phys);
    if (!decode(vcpu, &work->instruction))
        fatal(vcpu, "cannot read the instruction that stores to 0x%lx", phys);
    work->store = (struct store){phys, operand_bytes(&work->instruction), 0};
    work->host =
        (uint8_t *)npt_host_address(phys & ~(uint64_t)(PAGE_BYTES - 1)) + phys % PAGE_BYTES;
    if (work->instruction.address_prefix || work->instruction.is_register ||
        !(vcpu->vmcb->cs.attributes & (SEGMENT_D | SVM_SEGMENT_LONG)))
        fatal(vcpu,
              "a store to the firmware's page at 0x%lx with a prefix or in a mode that is "
              "not known here",
              phys);
}

static void check_place(const struct work *work, unsigned immediate_bytes)
{
    const struct instruction *instruction = &work->instruction;
    uint64_t linear = instruction->linear + (instruction->relative ? immediate_bytes : 0);
    if (linear % PAGE_BYTES != work->store.phys % PAGE_BYTES ||
        linear % PAGE_BYTES + work->store.bytes > PAGE_BYTES)
        fatal(work->vcpu, "a store over the end of the firmware's page at 0x%lx: not known here",
              work->store.phys);
}

void store_emulate(struct vcpu *vcpu, uint64_t phys, store_observer *observe)
{
    struct work work = {.vcpu = vcpu, .observe = observe};
    uint64_t value = 0;
    bool done = true;
    prepare(&work, phys);
    unsigned before = work.instruction.bytes;
    uint16_t opcode = work.instruction.opcode;
    if ((opcode == 0xC6 || opcode == 0xC7) && !(work.instruction.reg & 7))
        value = immediate(&work);
    check_place(&work, work.instruction.bytes - before);
    if ((opcode == 0xC6 || opcode == 0xC7) && !(work.instruction.reg & 7))
        put(&work, value);
    else if (opcode == 0x88 || opcode == 0x89 || opcode == OPCODE_MOVNTI)
        put(&work, source_register(&work));
    else if (opcode == 0xA2 || opcode == 0xA3)
        put(&work, vcpu_register(vcpu, RAX));
    else if (opcode == 0x86 || opcode == 0x87)
        exchange(&work);
    else if (opcode == OPCODE_CMPXCHG_8 || opcode == OPCODE_CMPXCHG)
        compare_exchange(&work);
    else if (opcode == 0xA4 || opcode == 0xA5 || opcode == 0xAA || opcode == 0xAB)
        done = string(&work);
    else
        fatal(vcpu, "opcode 0x%x stores to the firmware's page at 0x%lx in a way not known here",
              opcode, phys);
    if (done)
        vcpu_skip(vcpu, work.instruction.bytes);
}
