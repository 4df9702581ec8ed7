/* The monitor's instruction decoder (SDM vol. 2, chapter 2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_guest.h"
#include "fake_memory.h"
#include "monitor/decode.h"

#define ROUNDS    50000
#define FS_BASE   0x111000u
#define DS_BASE   0x222000u
#define ES_BASE   0x333000u
#define SS_BASE   0x444000u
#define CODE(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

enum mode { MODE_16, MODE_32, MODE_64 };

static struct instruction instruction;

static int setup(void **state)
{
    (void)state;
    fake_guest_new();
    fake_guest->vmcb.fs.base = FS_BASE;
    fake_guest->vmcb.ds.base = DS_BASE;
    fake_guest->vmcb.es.base = ES_BASE;
    fake_guest->vmcb.ss.base = SS_BASE;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_guest_free();
    return 0;
}

static bool decode_in(enum mode mode, const uint8_t *code, size_t bytes)
{
    fake_guest->vmcb.cs.attributes = mode == MODE_64   ? SVM_SEGMENT_CODE64
                                     : mode == MODE_32 ? SVM_SEGMENT_CODE32
                                                       : SVM_SEGMENT_CODE32 & ~SVM_SEGMENT_D;
    memset(fake_guest->memory + FAKE_CODE_PHYS, 0xCC, 32);
    fake_guest_code(code, bytes);
    return decode(&fake_guest->vcpu, &instruction);
}

static uint64_t reg(enum guest_register number)
{
    return vcpu_register(&fake_guest->vcpu, number);
}

/* It is as long as its bytes, and its operand is there. */
static void expect(enum mode mode, const uint8_t *code, size_t bytes, uint32_t opcode,
                   uint64_t linear)
{
    assert_true(decode_in(mode, code, bytes));
    assert_int_equal(instruction.opcode, opcode);
    assert_int_equal(instruction.bytes, bytes);
    assert_int_equal(instruction.linear, linear);
}

static void base_index_and_displacement_make_the_address(void **state)
{
    (void)state;
    expect(MODE_64, CODE(0x89, 0x03), 0x89, reg(RBX));
    expect(MODE_64, CODE(0x89, 0x43, 0xF8), 0x89, reg(RBX) - 8);
    expect(MODE_64, CODE(0x89, 0x83, 0, 0, 0, 0x80), 0x89, reg(RBX) - 0x80000000);
    expect(MODE_64, CODE(0x89, 0x04, 0xCB), 0x89, reg(RBX) + 8 * reg(RCX));
    expect(MODE_64, CODE(0x89, 0x44, 0x4B, 0x10), 0x89, reg(RBX) + 2 * reg(RCX) + 0x10);
    expect(MODE_64, CODE(0x89, 0x84, 0x8B, 1, 0, 0, 0), 0x89, reg(RBX) + 4 * reg(RCX) + 1);
    /* No index; no base; neither. */
    expect(MODE_64, CODE(0x89, 0x04, 0x24), 0x89, reg(RSP));
    expect(MODE_64, CODE(0x89, 0x04, 0x8D, 4, 0, 0, 0), 0x89, 4 * reg(RCX) + 4);
    expect(MODE_64, CODE(0x89, 0x04, 0x25, 0, 0x10, 0, 0), 0x89, 0x1000);
    expect(MODE_64, CODE(0x89, 0x45, 0x04), 0x89, reg(RBP) + 4);
}

static void rex_reaches_the_upper_registers(void **state)
{
    (void)state;
    expect(MODE_64, CODE(0x4D, 0x89, 0x03), 0x89, reg(R11));
    assert_int_equal(instruction.reg, R8);
    assert_int_equal(instruction.operand_bytes, 8);
    expect(MODE_64, CODE(0x42, 0x89, 0x04, 0xE3), 0x89, reg(RBX) + 8 * reg(R12));
    expect(MODE_64, CODE(0x41, 0x89, 0x04, 0x24), 0x89, reg(R12));
    expect(MODE_64, CODE(0x41, 0x89, 0x45, 0x00), 0x89, reg(R13));
    /* R13 as base without displacement is none, as RBP is none. */
    expect(MODE_64, CODE(0x41, 0x89, 0x04, 0x25, 8, 0, 0, 0), 0x89, 8);
    assert_true(decode_in(MODE_64, CODE(0x4C, 0x89, 0xC3)));
    assert_true(instruction.is_register);
    assert_int_equal(instruction.rm, RBX);
    assert_int_equal(instruction.reg, R8);
}

static void rex_counts_only_directly_before_the_opcode(void **state)
{
    (void)state;
    expect(MODE_64, CODE(0x48, 0x66, 0x89, 0x03), 0x89, reg(RBX));
    assert_int_equal(instruction.rex, 0);
    assert_int_equal(instruction.operand_bytes, 2);
    expect(MODE_64, CODE(0x41, 0x48, 0x89, 0x03), 0x89, reg(RBX));
    assert_int_equal(instruction.rex, 0x48);
    /* Outside of 64-bit mode it is INC or DEC. */
    assert_true(decode_in(MODE_32, CODE(0x48)));
    assert_int_equal(instruction.opcode, 0x48);
    assert_int_equal(instruction.bytes, 1);
}

static void rip_relative_counts_from_the_end_with_immediates(void **state)
{
    (void)state;
    uint64_t rip = fake_guest->vmcb.rip;
    expect(MODE_64, CODE(0x89, 0x05, 0x10, 0, 0, 0), 0x89, rip + 6 + 0x10);
    expect(MODE_64, CODE(0xC6, 0x05, 0xF0, 0xFF, 0xFF, 0xFF, 0x55), 0xC6, rip + 7 - 0x10);
    assert_int_equal(instruction.immediate, 0x55);
    expect(MODE_64, CODE(0xC7, 0x05, 0, 0, 0, 0, 1, 2, 3, 0x84), 0xC7, rip + 10);
    assert_int_equal(instruction.immediate, 0xFFFFFFFF84030201);
    expect(MODE_64, CODE(0x66, 0xC7, 0x05, 0, 0, 0, 0, 1, 0x82), 0xC7, rip + 9);
    assert_int_equal(instruction.immediate, 0xFFFFFFFFFFFF8201);
    expect(MODE_64, CODE(0xF7, 0x05, 0, 0, 0, 0, 1, 2, 3, 4), 0xF7, rip + 10); /* test */
    expect(MODE_64, CODE(0xF7, 0x15, 0, 0, 0, 0), 0xF7, rip + 6);              /* not */
    expect(MODE_64, CODE(0x0F, 0xBA, 0x2D, 0, 0, 0, 0, 3), 0x0FBA, rip + 8);
    expect(MODE_64, CODE(0x67, 0x89, 0x05, 0, 0, 0, 0), 0x89, (uint32_t)rip + 7);
    /* In 32-bit mode the same byte is an absolute address. */
    expect(MODE_32, CODE(0x89, 0x05, 0x10, 0, 0, 0), 0x89, DS_BASE + 0x10);
}

static void addresses_of_32_bits_wrap_around(void **state)
{
    (void)state;
    vcpu_set_register(&fake_guest->vcpu, RBX, 0x1FFFFFFF8);
    expect(MODE_64, CODE(0x67, 0x89, 0x43, 0x10), 0x89, 8);
    assert_int_equal(instruction.address_bytes, 4);
    expect(MODE_32, CODE(0x89, 0x43, 0x10), 0x89, DS_BASE + 8);
    vcpu_set_register(&fake_guest->vcpu, RBX, 0xFFFFFFF8);
    expect(MODE_32, CODE(0x89, 0x03), 0x89, DS_BASE - 8);
}

static void addresses_of_16_bits_have_forms_of_their_own(void **state)
{
    (void)state;
    static const enum guest_register first[] = {RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX};
    static const enum guest_register second[] = {RSI, RDI, RSI, RDI};
    for (uint8_t rm = 0; rm < 8; rm++) {
        uint64_t sum = reg(first[rm]) + (rm < 4 ? reg(second[rm]) : 0);
        uint64_t base = rm == 2 || rm == 3 || rm == 6 ? SS_BASE : DS_BASE;
        expect(MODE_16, CODE(0x89, 0x40 | rm, 0xFE), 0x89, base + ((sum - 2) & 0xFFFF));
        expect(MODE_32, CODE(0x67, 0x89, 0x80 | rm, 0x34, 0x12), 0x89,
               base + ((sum + 0x1234) & 0xFFFF));
    }
    expect(MODE_16, CODE(0x89, 0x06, 0x34, 0x12), 0x89, DS_BASE + 0x1234);
    assert_int_equal(instruction.operand_bytes, 2);
    /* And with the prefix, those of 32 bits, with 32-bit operands by the other. */
    expect(MODE_16, CODE(0x67, 0x66, 0x89, 0x04, 0x4B), 0x89,
           DS_BASE + (uint32_t)(reg(RBX) + 2 * reg(RCX)));
    assert_int_equal(instruction.operand_bytes, 4);
    expect(MODE_16, CODE(0xC7, 0x07, 0x01, 0x80), 0xC7, DS_BASE + (reg(RBX) & 0xFFFF));
}

static void segments_count_as_the_mode_says(void **state)
{
    (void)state;
    expect(MODE_64, CODE(0x64, 0x89, 0x03), 0x89, FS_BASE + reg(RBX));
    expect(MODE_64, CODE(0x64, 0x3E, 0x89, 0x03), 0x89, FS_BASE + reg(RBX));
    expect(MODE_64, CODE(0x2E, 0x89, 0x03), 0x89, reg(RBX));
    expect(MODE_32, CODE(0x89, 0x03), 0x89, DS_BASE + (uint32_t)reg(RBX));
    expect(MODE_32, CODE(0x26, 0x89, 0x03), 0x89, ES_BASE + (uint32_t)reg(RBX));
    expect(MODE_32, CODE(0x89, 0x45, 0x00), 0x89, SS_BASE + (uint32_t)reg(RBP));
    expect(MODE_32, CODE(0x89, 0x04, 0x24), 0x89, SS_BASE + (uint32_t)reg(RSP));
    expect(MODE_32, CODE(0x89, 0x44, 0x4D, 0x01), 0x89,
           SS_BASE + (uint32_t)(reg(RBP) + 2 * reg(RCX) + 1));
    /* SIB without a base: not the stack, though the base's number is RBP's. */
    expect(MODE_32, CODE(0x89, 0x04, 0x25, 8, 0, 0, 0), 0x89, DS_BASE + 8);
}

static void absolute_moves_have_an_address_of_the_address_size(void **state)
{
    (void)state;
    expect(MODE_64, CODE(0xA3, 1, 2, 3, 4, 5, 6, 7, 8), 0xA3, 0x0807060504030201);
    expect(MODE_64, CODE(0x67, 0xA3, 1, 2, 3, 0x84), 0xA3, 0x84030201);
    expect(MODE_32, CODE(0xA2, 1, 2, 3, 4), 0xA2, DS_BASE + 0x04030201);
    expect(MODE_16, CODE(0xA2, 1, 0x82), 0xA2, DS_BASE + 0x8201);
}

static void string_instructions_name_both_their_places(void **state)
{
    (void)state;
    expect(MODE_64, CODE(0xF3, 0x48, 0xA5), 0xA5, reg(RDI));
    assert_int_equal(instruction.source, reg(RSI));
    assert_int_equal(instruction.repeat, PREFIX_REP);
    expect(MODE_64, CODE(0x64, 0xA4), 0xA4, reg(RDI));
    assert_int_equal(instruction.source, FS_BASE + reg(RSI));
    expect(MODE_64, CODE(0x67, 0xAA), 0xAA, (uint32_t)reg(RDI));
    expect(MODE_32, CODE(0xF2, 0xAB), 0xAB, ES_BASE + (uint32_t)reg(RDI));
    assert_int_equal(instruction.source, 0);
    assert_int_equal(instruction.repeat, PREFIX_REPNE);
    expect(MODE_32, CODE(0x3E, 0x6E), 0x6E, DS_BASE + (uint32_t)reg(RSI)); /* outs */
    expect(MODE_32, CODE(0x6D), 0x6D, ES_BASE + (uint32_t)reg(RDI));       /* ins */
}

static void longer_opcodes_are_told_apart(void **state)
{
    (void)state;
    expect(MODE_64, CODE(0x0F, 0x38, 0xF1, 0x43, 8), 0x0F38F1, reg(RBX) + 8);   /* movbe */
    expect(MODE_64, CODE(0x66, 0x0F, 0x3A, 0x14, 0x03, 1), 0x0F3A14, reg(RBX)); /* pextrb */
    expect(MODE_64, CODE(0x0F, 0xC3, 0x03), 0x0FC3, reg(RBX));                  /* movnti */
    /* Without ModRM: syscall, clts, wrmsr, cpuid, bswap. */
    expect(MODE_64, CODE(0x0F, 0x05), 0x0F05, 0);
    expect(MODE_64, CODE(0x0F, 0x06), 0x0F06, 0);
    expect(MODE_64, CODE(0x0F, 0x30), 0x0F30, 0);
    expect(MODE_64, CODE(0x0F, 0xA2), 0x0FA2, 0);
    expect(MODE_64, CODE(0x0F, 0xC8), 0x0FC8, 0);
    /* VEX is known by its first byte alone; in 32-bit mode that may be LES. */
    expect(MODE_64, CODE(0xC5), 0xC5, 0);
    expect(MODE_32, CODE(0xC4, 0x03), 0xC4, DS_BASE + (uint32_t)reg(RBX));
}

static void control_registers_have_no_memory(void **state)
{
    (void)state;
    for (unsigned mod = 0; mod < 4; mod++) {
        expect(MODE_64, CODE(0x0F, 0x22, (uint8_t)(mod << 6 | 0x1D)), 0x0F22, 0);
        assert_true(instruction.is_register);
        assert_int_equal(instruction.reg, 3);
        assert_int_equal(instruction.rm, RBP);
    }
    expect(MODE_64, CODE(0x41, 0x0F, 0x20, 0xC0), 0x0F20, 0);
    assert_int_equal(instruction.rm, R8);
}

static void sixteenth_byte_is_one_too_many(void **state)
{
    (void)state;
    uint8_t code[17];
    memset(code, 0x66, sizeof(code));
    code[13] = 0x89;
    code[14] = 0x03;
    expect(MODE_64, code, 15, 0x89, reg(RBX));
    code[13] = 0x66;
    code[14] = 0x89;
    code[15] = 0x03;
    assert_false(decode_in(MODE_64, code, 16));
    code[14] = 0x66;
    code[15] = 0x66;
    assert_false(decode_in(MODE_64, code, 17));
    assert_int_equal(instruction.code_bytes, INSTRUCTION_MOST_BYTES);
}

/* Every instruction of this length, put so that its last bytes are behind what is mapped. */
static void code_that_ends_with_its_page_is_not_guessed(void **state)
{
    (void)state;
    static const uint8_t code[] = {0x66, 0x41, 0xC7, 0x84, 0x24, 1, 2, 3, 4, 5, 6};
    for (unsigned seen = 0; seen <= sizeof(code); seen++) {
        fake_guest->vmcb.rip = FAKE_HOLE_PHYS - seen;
        memcpy(fake_guest->memory + fake_guest->vmcb.rip, code, sizeof(code));
        assert_int_equal(decode(&fake_guest->vcpu, &instruction), seen == sizeof(code));
        assert_int_equal(instruction.code_bytes, seen);
    }
    assert_int_equal(instruction.bytes, sizeof(code));
    assert_int_equal(instruction.immediate, 0x0605);
}

static void code_at_the_end_of_memory_or_nowhere_is_not_read(void **state)
{
    (void)state;
    /* The last page maps to the last of the memory; behind it nothing is mapped. */
    fake_guest->vmcb.rip = FAKE_MAPPED_END - 1;
    fake_guest->memory[FAKE_MAPPED_END - 1] = 0x89;
    assert_false(decode(&fake_guest->vcpu, &instruction));
    /* A page table that points out of the guest's memory, and one that is its own. */
    fake_guest_table(FAKE_LEAVES_PHYS)[6] = 0x7FFFFFF000 | PTE_PRESENT;
    fake_guest->vmcb.rip = 0x6000;
    assert_false(decode(&fake_guest->vcpu, &instruction));
    fake_guest->vcpu.cr3 = 0xFFFFFFFFFF000;
    assert_false(decode(&fake_guest->vcpu, &instruction));
    /* 32-bit paging is not walked here. */
    fake_guest->vcpu.efer = 0;
    assert_false(decode(&fake_guest->vcpu, &instruction));
}

static void code_behind_five_levels_and_large_pages_is_read(void **state)
{
    (void)state;
    fake_guest->vcpu.cr4 = CR4_LA57;
    fake_guest->vcpu.cr3 = 0x9000;
    fake_guest_table(0x9000)[0] = FAKE_ROOT_PHYS | PTE_PRESENT;
    expect(MODE_64, CODE(0x89, 0x03), 0x89, reg(RBX));
    fake_guest_table(0x3000)[0] = PTE_PRESENT | PTE_LARGE;
    expect(MODE_64, CODE(0x89, 0x03), 0x89, reg(RBX));
}

static void without_paging_an_address_is_the_memorys_own(void **state)
{
    (void)state;
    fake_guest->vcpu.cr0 = CR0_PE;
    fake_guest->vcpu.efer = 0;
    fake_guest->vmcb.cs.base = 0x1000;
    fake_guest->vmcb.rip = FAKE_CODE_PHYS - 0x1000;
    fake_guest->vmcb.cs.attributes = SVM_SEGMENT_CODE32;
    memcpy(fake_guest->memory + FAKE_CODE_PHYS, (const uint8_t[]){0x89, 0x03}, 2);
    assert_true(decode(&fake_guest->vcpu, &instruction));
    assert_int_equal(instruction.linear, DS_BASE + (uint32_t)reg(RBX));
}

/* Whatever the bytes, mode and place: it ends, reads nothing outside, and stays within itself. */
static void random_code_is_decoded_or_refused(void **state)
{
    (void)state;
    static const uint8_t likely[] = {0x66, 0x67, 0xF0, 0xF3, 0x48, 0x0F, 0x38, 0x3A,
                                     0xC7, 0x04, 0x05, 0x25, 0x80, 0xA3, 0xA5, 0xBA};
    uint64_t seed = 7;
    unsigned decoded = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t code[INSTRUCTION_MOST_BYTES];
        for (unsigned i = 0; i < sizeof(code); i++)
            code[i] = fake_random(&seed, 2) ? likely[fake_random(&seed, sizeof(likely))]
                                            : (uint8_t)fake_random(&seed, 256);
        uint32_t room = fake_random(&seed, sizeof(code) + 1);
        fake_guest->vmcb.rip = FAKE_HOLE_PHYS - room;
        enum mode mode = (enum mode)fake_random(&seed, 3);
        fake_guest->vmcb.cs.attributes = mode == MODE_64   ? SVM_SEGMENT_CODE64
                                         : mode == MODE_32 ? SVM_SEGMENT_CODE32
                                                           : SVM_SEGMENT_CODE32 & ~SVM_SEGMENT_D;
        memcpy(fake_guest->memory + fake_guest->vmcb.rip, code, room);
        bool done = decode(&fake_guest->vcpu, &instruction);
        assert_int_equal(instruction.code_bytes, room);
        assert_true(instruction.bytes <= room);
        assert_true(instruction.reg < GUEST_REGISTERS && instruction.rm < GUEST_REGISTERS);
        decoded += done;
    }
    assert_in_range(decoded, ROUNDS / 10, ROUNDS - ROUNDS / 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(base_index_and_displacement_make_the_address),
        TEST(rex_reaches_the_upper_registers),
        TEST(rex_counts_only_directly_before_the_opcode),
        TEST(rip_relative_counts_from_the_end_with_immediates),
        TEST(addresses_of_32_bits_wrap_around),
        TEST(addresses_of_16_bits_have_forms_of_their_own),
        TEST(segments_count_as_the_mode_says),
        TEST(absolute_moves_have_an_address_of_the_address_size),
        TEST(string_instructions_name_both_their_places),
        TEST(longer_opcodes_are_told_apart),
        TEST(control_registers_have_no_memory),
        TEST(sixteenth_byte_is_one_too_many),
        TEST(code_that_ends_with_its_page_is_not_guessed),
        TEST(code_at_the_end_of_memory_or_nowhere_is_not_read),
        TEST(code_behind_five_levels_and_large_pages_is_read),
        TEST(without_paging_an_address_is_the_memorys_own),
        TEST(random_code_is_decoded_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
