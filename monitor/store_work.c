#include "monitor/store_work.h"

#include "abi/x86.h"
#include "monitor/arithmetic.h"
#include "monitor/guest_memory.h"
#include "monitor/report.h"

/* ---- The memory: any size at any place. ---- */

static uint64_t swap(uint8_t *host, uint64_t value, unsigned bytes)
{
    switch (bytes) {
    case 1:
        __asm__ volatile("xchgb %b0, (%1)" : "+q"(value) : "r"(host) : "memory");
        break;
    case 2:
        __asm__ volatile("xchgw %w0, (%1)" : "+r"(value) : "r"(host) : "memory");
        break;
    case 4:
        __asm__ volatile("xchgl %k0, (%1)" : "+r"(value) : "r"(host) : "memory");
        break;
    default:
        __asm__ volatile("xchgq %0, (%1)" : "+r"(value) : "r"(host) : "memory");
        break;
    }
    return value & arithmetic_mask(bytes);
}

/* What was there: @old where the new value is there now. */
static uint64_t swap_if(uint8_t *host, uint64_t old, uint64_t value, unsigned bytes)
{
    switch (bytes) {
    case 1:
        __asm__ volatile("lock cmpxchgb %b2, (%1)" : "+a"(old) : "r"(host), "q"(value) : "memory");
        break;
    case 2:
        __asm__ volatile("lock cmpxchgw %w2, (%1)" : "+a"(old) : "r"(host), "r"(value) : "memory");
        break;
    case 4:
        __asm__ volatile("lock cmpxchgl %k2, (%1)" : "+a"(old) : "r"(host), "r"(value) : "memory");
        break;
    default:
        __asm__ volatile("lock cmpxchgq %2, (%1)" : "+a"(old) : "r"(host), "r"(value) : "memory");
        break;
    }
    return old & arithmetic_mask(bytes);
}

static uint64_t look(const struct store_work *work)
{
    uint64_t value = 0;
    __builtin_memcpy(&value, work->host, work->store.bytes);
    return value;
}

static void announce(struct store_work *work, uint64_t value)
{
    work->store.value = value & arithmetic_mask(work->store.bytes);
    work->observe(work->vcpu, &work->store);
}

static void put(struct store_work *work, uint64_t value)
{
    announce(work, value);
    swap(work->host, value, work->store.bytes);
}

/* ---- The registers. ---- */

/* Without REX, 4 to 7 name the second bytes of the first four registers. */
static bool is_high_byte(const struct store_work *work)
{
    return work->store.bytes == 1 && !work->instruction.rex && work->instruction.reg >= RSP;
}

static uint64_t get_source(const struct store_work *work)
{
    unsigned reg = work->instruction.reg;
    if (is_high_byte(work))
        return vcpu_register(work->vcpu, (enum guest_register)(reg - RSP)) >> 8;
    return vcpu_register(work->vcpu, (enum guest_register)reg);
}

/* 32 bits clear the upper half, as @value does; fewer leave the rest of the register. */
static void set_register(struct store_work *work, enum guest_register reg, uint64_t value)
{
    uint64_t mask = arithmetic_mask(work->store.bytes);
    if (work->store.bytes < 4)
        value = (vcpu_register(work->vcpu, reg) & ~mask) | (value & mask);
    vcpu_set_register(work->vcpu, reg, value);
}

static void set_source(struct store_work *work, uint64_t value)
{
    enum guest_register reg = (enum guest_register)work->instruction.reg;
    if (!is_high_byte(work)) {
        set_register(work, reg, value);
        return;
    }
    reg = (enum guest_register)(reg - RSP);
    vcpu_set_register(work->vcpu, reg,
                      (vcpu_register(work->vcpu, reg) & ~0xFF00ull) | (value & 0xFF) << 8);
}

/* ---- What instructions do. ---- */

void store_move_source(struct store_work *work)
{
    put(work, get_source(work));
}

void store_move_accumulator(struct store_work *work)
{
    put(work, vcpu_register(work->vcpu, RAX));
}

void store_move_immediate(struct store_work *work)
{
    put(work, work->instruction.immediate);
}

void store_move_vector(struct store_work *work)
{
    uint64_t value[2];
    vcpu_vector(work->vcpu, work->instruction.reg, value);
    work->store.bytes = sizeof(value[0]);
    for (unsigned i = 0; i < 2; i++) {
        put(work, value[i]);
        work->store.phys += sizeof(uint64_t);
        work->host += sizeof(uint64_t);
    }
}

void store_exchange(struct store_work *work)
{
    uint64_t value = get_source(work);
    announce(work, value);
    set_source(work, swap(work->host, value, work->store.bytes));
}

/*
 * Nobody but firmware can come between the look and the store: one that takes a command makes a
 * comparison fail unseen, and arithmetic go by what it left, which is then not what was announced.
 */
static void calculate(struct store_work *work, enum arithmetic operation, uint64_t right)
{
    uint64_t before = work->vcpu->vmcb->rflags;
    uint64_t old = look(work);
    uint64_t now = old;
    uint64_t flags = before;
    uint64_t value = arithmetic_do(operation, old, right, work->store.bytes, &flags);
    announce(work, value);
    while ((now = swap_if(work->host, old, value, work->store.bytes)) != old) {
        old = now;
        flags = before;
        value = arithmetic_do(operation, old, right, work->store.bytes, &flags);
    }
    work->vcpu->vmcb->rflags = flags;
    work->store.value = old;
}

void store_exchange_and_add(struct store_work *work)
{
    calculate(work, ARITHMETIC_ADD, get_source(work));
    set_source(work, work->store.value);
}

static uint64_t compare_and_store(struct store_work *work, uint64_t expected, uint64_t value)
{
    expected &= arithmetic_mask(work->store.bytes);
    if (look(work) == expected)
        announce(work, value);
    return swap_if(work->host, expected, value, work->store.bytes);
}

void store_compare_exchange(struct store_work *work)
{
    uint64_t accumulator = vcpu_register(work->vcpu, RAX);
    uint64_t found = compare_and_store(work, accumulator, get_source(work));
    uint64_t *rflags = &work->vcpu->vmcb->rflags;
    arithmetic_do(ARITHMETIC_CMP, accumulator, found, work->store.bytes, rflags);
    if (!(*rflags & RFLAGS_ZF))
        set_register(work, RAX, found);
}

static uint64_t get_pair(const struct store_work *work, enum guest_register high,
                         enum guest_register low)
{
    return vcpu_register(work->vcpu, high) << 32 | (uint32_t)vcpu_register(work->vcpu, low);
}

void store_compare_exchange_8(struct store_work *work)
{
    uint64_t expected = get_pair(work, RDX, RAX);
    uint64_t found = compare_and_store(work, expected, get_pair(work, RCX, RBX));
    uint64_t *rflags = &work->vcpu->vmcb->rflags;
    *rflags = found == expected ? *rflags | RFLAGS_ZF : *rflags & ~(uint64_t)RFLAGS_ZF;
    if (found != expected) {
        vcpu_set_register(work->vcpu, RDX, found >> 32);
        vcpu_set_register(work->vcpu, RAX, (uint32_t)found);
    }
}

void store_calculate_source(struct store_work *work)
{
    calculate(work, (enum arithmetic)(work->instruction.opcode >> 3 & 7), get_source(work));
}

void store_calculate_immediate(struct store_work *work)
{
    calculate(work, (enum arithmetic)(work->instruction.reg & 7), work->instruction.immediate);
}

void store_calculate_alone(struct store_work *work)
{
    unsigned reg = work->instruction.reg & 7;
    unsigned first = work->instruction.opcode >= 0xFE ? ARITHMETIC_INC : ARITHMETIC_NOT - 2;
    calculate(work, (enum arithmetic)(first + reg), 0);
}

/* 0F AB, B3, BB, and 0F BA /5, /6, /7. */
void store_change_bit(struct store_work *work)
{
    bool immediate = work->instruction.opcode == 0x0FBA;
    unsigned which = immediate ? work->instruction.reg & 7 : work->instruction.opcode >> 3 & 7;
    calculate(work, (enum arithmetic)(which - 5 + ARITHMETIC_BTS),
              immediate ? work->instruction.immediate : get_source(work));
}

/* A bit's number in a register is signed and reaches beyond the operand that ModRM names. */
uint64_t store_bit_displacement(const struct store_work *work)
{
    unsigned bytes = work->store.bytes;
    unsigned unused = 64 - 8 * bytes;
    int64_t number = (int64_t)(get_source(work) << unused) >> unused;
    return (uint64_t)((number >> (bytes == 2 ? 4 : bytes == 4 ? 5 : 6)) * (int64_t)bytes);
}

static uint64_t next_element(struct store_work *work)
{
    uint64_t value = vcpu_register(work->vcpu, RAX);
    if (work->instruction.opcode >= 0xAA)
        return value;
    if (guest_read(work->vcpu, work->instruction.source, &value, work->store.bytes) !=
        work->store.bytes)
        fatal(work->vcpu, "cannot read what a string move stores to 0x%lx", work->store.phys);
    return value;
}

static void advance(struct store_work *work, enum guest_register reg, uint64_t step)
{
    uint64_t mask = arithmetic_mask(work->instruction.address_bytes);
    vcpu_set_register(work->vcpu, reg, (vcpu_register(work->vcpu, reg) + step) & mask);
}

void store_string(struct store_work *work)
{
    struct vcpu *vcpu = work->vcpu;
    struct instruction *instruction = &work->instruction;
    bool down = vcpu->vmcb->rflags & RFLAGS_DF;
    uint64_t step = down ? -(uint64_t)work->store.bytes : work->store.bytes;
    uint64_t page = work->store.phys / PAGE_BYTES;
    uint64_t mask = arithmetic_mask(instruction->address_bytes);
    uint64_t count = instruction->repeat ? vcpu_register(vcpu, RCX) & mask : 1;
    while (count && work->store.phys / PAGE_BYTES == page &&
           work->store.phys % PAGE_BYTES + work->store.bytes <= PAGE_BYTES) {
        put(work, next_element(work));
        advance(work, RDI, step);
        if (instruction->opcode < 0xAA)
            advance(work, RSI, step);
        count--;
        work->store.phys += step;
        work->host += (int64_t)step;
        instruction->source += step;
    }
    if (instruction->repeat)
        vcpu_set_register(vcpu, RCX, count);
    work->unfinished = count;
}
