/*
 * Stores that the monitor does for its guest: each instruction once by the monitor and once by the
 * processor that runs this test, on the same memory, registers and flags.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "fake_guest.h"
#include "fake_memory.h"
#include "monitor/store.h"

#define ROUNDS       40
#define MIDDLE       512 /* of the bytes that both sides work on */
#define WINDOW       1024
#define STATUS_FLAGS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

/* RAX, RCX, RDX, RBX, RSI, RDI, RFLAGS: native_run() knows the order. */
struct native {
    uint64_t rax, rcx, rdx, rbx, rsi, rdi, flags;
};

void native_run(struct native *native, const uint8_t *code);
__asm__(".text\n.globl native_run\nnative_run:\n"
        "pushq %rbx\npushq %rdi\npushq %r12\nmovq %rsi, %r12\n"
        "pushq 48(%rdi)\npopfq\n"
        "movq 0(%rdi), %rax\nmovq 8(%rdi), %rcx\nmovq 16(%rdi), %rdx\nmovq 24(%rdi), %rbx\n"
        "movq 32(%rdi), %rsi\nmovq 40(%rdi), %rdi\n"
        "callq *%r12\n"
        "pushfq\npushq %rdi\nmovq 24(%rsp), %rdi\n"
        "movq %rax, 0(%rdi)\nmovq %rcx, 8(%rdi)\nmovq %rdx, 16(%rdi)\nmovq %rbx, 24(%rdi)\n"
        "movq %rsi, 32(%rdi)\npopq 40(%rdi)\npopq 48(%rdi)\n"
        "cld\npopq %r12\npopq %rdi\npopq %rbx\nret\n");

static uint8_t *native_code;
/* A page, so that addresses in it end alike on both sides. */
static uint8_t native_memory[WINDOW] __attribute__((aligned(PAGE_BYTES)));
static uint64_t seed = 99;

static struct store stores[64];
static unsigned store_count;

static void note(struct vcpu *vcpu, const struct store *store)
{
    (void)vcpu;
    assert_in_range(store_count, 0, 63);
    assert_int_equal(fake_guest->vmcb.rip, FAKE_CODE_PHYS);
    stores[store_count++] = *store;
}

static int setup(void **state)
{
    (void)state;
    fake_guest_new();
    store_count = 0;
    native_code = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return native_code == MAP_FAILED;
}

static int teardown(void **state)
{
    (void)state;
    munmap(native_code, PAGE_BYTES);
    fake_guest_free();
    return 0;
}

static uint64_t random_value(void)
{
    static const uint64_t edges[] = {0,          1,         0x7F,       0x80,
                                     0xFF,       0x7FFF,    0x8000,     0x7FFFFFFF,
                                     0x80000000, INT64_MAX, 1ull << 63, UINT64_MAX};
    if (fake_random(&seed, 2))
        return edges[fake_random(&seed, sizeof(edges) / sizeof(edges[0]))];
    return (uint64_t)fake_random(&seed, UINT32_MAX) << 32 | fake_random(&seed, UINT32_MAX);
}

static uint8_t *guest_window(void)
{
    return fake_guest->memory + FAKE_DATA_PHYS;
}

/* Both sides the same: RBX, RDI and RSI point into the window. */
static struct native begin(void)
{
    struct native native = {
        .rax = random_value(),
        .rcx = random_value(),
        .rdx = random_value(),
        .rbx = (uint64_t)native_memory + MIDDLE,
        .rsi = (uint64_t)native_memory + MIDDLE - 64,
        .rdi = (uint64_t)native_memory + MIDDLE,
        .flags = RFLAGS_FIXED | RFLAGS_IF | (random_value() & STATUS_FLAGS),
    };
    for (unsigned i = 0; i < WINDOW; i += 8) {
        uint64_t value = random_value();
        memcpy(native_memory + i, &value, sizeof(value));
    }
    return native;
}

static uint64_t to_guest(uint64_t native_address)
{
    return native_address - (uint64_t)native_memory + FAKE_DATA_PHYS;
}

static void give_to_guest(const struct native *native)
{
    struct vcpu *vcpu = &fake_guest->vcpu;
    memcpy(guest_window(), native_memory, WINDOW);
    vcpu_set_register(vcpu, RAX, native->rax);
    vcpu_set_register(vcpu, RCX, native->rcx);
    vcpu_set_register(vcpu, RDX, native->rdx);
    vcpu_set_register(vcpu, RBX, to_guest(native->rbx));
    vcpu_set_register(vcpu, RSI, to_guest(native->rsi));
    vcpu_set_register(vcpu, RDI, to_guest(native->rdi));
    fake_guest->vmcb.rflags = native->flags;
    fake_guest->vmcb.rip = FAKE_CODE_PHYS;
    store_count = 0;
}

static void check_same(const struct native *native, uint64_t flags)
{
    const struct vcpu *vcpu = &fake_guest->vcpu;
    assert_memory_equal(guest_window(), native_memory, WINDOW);
    assert_int_equal(vcpu_register(vcpu, RAX), native->rax);
    assert_int_equal(vcpu_register(vcpu, RCX), native->rcx);
    assert_int_equal(vcpu_register(vcpu, RDX), native->rdx);
    assert_int_equal(vcpu_register(vcpu, RSI), to_guest(native->rsi));
    assert_int_equal(vcpu_register(vcpu, RDI), to_guest(native->rdi));
    assert_int_equal(fake_guest->vmcb.rflags & flags, native->flags & flags);
    assert_int_equal(fake_guest->vmcb.rflags & ~(uint64_t)STATUS_FLAGS,
                     native->flags & ~(uint64_t)STATUS_FLAGS);
    for (unsigned i = 0; i < store_count; i++) {
        uint64_t now = 0;
        memcpy(&now, fake_guest->memory + stores[i].phys, stores[i].bytes);
        assert_int_equal(now, stores[i].value);
    }
}

struct code {
    uint8_t bytes[15];
    unsigned length;
};

static struct code code_of(const char *hex)
{
    struct code code = {.length = 0};
    for (; *hex; hex += 2 + (hex[2] == ' '))
        code.bytes[code.length++] = (uint8_t)strtoul((char[]){hex[0], hex[1], 0}, NULL, 16);
    return code;
}

/* @phys: where the guest faulted. All flags in @flags must come out as the processor makes them. */
static void compare(struct native native, struct code code, uint64_t phys, uint64_t flags)
{
    memcpy(native_code, code.bytes, code.length);
    native_code[code.length] = 0xC3;
    give_to_guest(&native);
    fake_guest_code(code.bytes, code.length);
    native_run(&native, native_code);
    store_emulate(&fake_guest->vcpu, phys, note);
    check_same(&native, flags);
    assert_int_equal(fake_guest->vmcb.rip, FAKE_CODE_PHYS + code.length);
}

/* An instruction whose memory operand is (%rbx), with every operand size and with LOCK. */
static void compare_sizes(struct code code, bool is_byte, bool lock, uint64_t flags)
{
    static const uint8_t prefixes[] = {0, 0x66, 0x48};
    for (unsigned round = 0; round < ROUNDS; round++)
        for (unsigned i = 0; i < (is_byte ? 1 : 3) * (lock ? 2u : 1); i++) {
            struct code whole = {.length = 0};
            uint8_t prefix = prefixes[i % 3];
            if (is_byte)
                prefix = 0;
            if (lock && i >= (is_byte ? 1 : 3))
                whole.bytes[whole.length++] = 0xF0;
            if (prefix)
                whole.bytes[whole.length++] = prefix;
            memcpy(whole.bytes + whole.length, code.bytes, code.length);
            whole.length += code.length;
            /* Of an immediate of 4 bytes, the short form has 2. */
            if (prefix == 0x66 && (code.bytes[0] == 0x81 || code.bytes[0] == 0xC7))
                whole.length -= 2;
            compare(begin(), whole, FAKE_DATA_PHYS + MIDDLE, flags);
            assert_int_equal(store_count, 1);
        }
}

static void moves_are_done(void **state)
{
    (void)state;
    compare_sizes(code_of("88 0B"), true, false, STATUS_FLAGS);
    compare_sizes(code_of("88 2B"), true, false, STATUS_FLAGS); /* CH */
    compare_sizes(code_of("40 88 33"), true, false, STATUS_FLAGS);
    compare_sizes(code_of("89 13"), false, false, STATUS_FLAGS);
    compare_sizes(code_of("C6 03 85"), true, false, STATUS_FLAGS);
    compare_sizes(code_of("C7 03 01 82 03 84"), false, false, STATUS_FLAGS);
    for (unsigned round = 0; round < ROUNDS; round++) {
        compare(begin(), code_of("0F C3 0B"), FAKE_DATA_PHYS + MIDDLE, STATUS_FLAGS);
        compare(begin(), code_of("48 0F C3 0B"), FAKE_DATA_PHYS + MIDDLE, STATUS_FLAGS);
    }
}

static void absolute_move_stores_the_accumulator(void **state)
{
    (void)state;
    struct native native = begin();
    give_to_guest(&native);
    fake_guest_code("\x67\x66\xA3\x02\x82\x00\x00", 7);
    store_emulate(&fake_guest->vcpu, 0x8202, note);
    assert_int_equal(store_count, 1);
    assert_int_equal(stores[0].value, native.rax & 0xFFFF);
    assert_memory_equal(fake_guest->memory + 0x8202, &native.rax, 2);
}

static void arithmetic_is_as_the_processors(void **state)
{
    (void)state;
    for (uint8_t operation = 0; operation < 7; operation++) {
        /* AF is undefined after and, or, xor. */
        bool logical = operation == 1 || operation == 4 || operation == 6;
        uint64_t flags = logical ? STATUS_FLAGS & ~RFLAGS_AF : STATUS_FLAGS;
        uint8_t op = (uint8_t)(operation << 3);
        uint8_t group = (uint8_t)(3 | op);
        compare_sizes((struct code){{op, 0x0B}, 2}, true, true, flags);
        compare_sizes((struct code){{op, 0x23}, 2}, true, true, flags); /* AH */
        compare_sizes((struct code){{op | 1, 0x0B}, 2}, false, true, flags);
        compare_sizes((struct code){{0x80, group, 0x85}, 3}, true, true, flags);
        compare_sizes((struct code){{0x81, group, 1, 0x82, 3, 0x84}, 6}, false, true, flags);
        compare_sizes((struct code){{0x83, group, 0xFF}, 3}, false, true, flags);
    }
}

static void one_operand_arithmetic_is_as_the_processors(void **state)
{
    (void)state;
    compare_sizes(code_of("FE 03"), true, true, STATUS_FLAGS); /* inc */
    compare_sizes(code_of("FF 03"), false, true, STATUS_FLAGS);
    compare_sizes(code_of("FE 0B"), true, true, STATUS_FLAGS); /* dec */
    compare_sizes(code_of("FF 0B"), false, true, STATUS_FLAGS);
    compare_sizes(code_of("F6 13"), true, true, STATUS_FLAGS); /* not */
    compare_sizes(code_of("F7 13"), false, true, STATUS_FLAGS);
    compare_sizes(code_of("F6 1B"), true, true, STATUS_FLAGS); /* neg */
    compare_sizes(code_of("F7 1B"), false, true, STATUS_FLAGS);
}

static void bits_are_changed_by_number(void **state)
{
    (void)state;
    static const char *const codes[] = {"0F BA 2B 8D", "0F BA 33 07", "0F BA 3B 3F"};
    for (unsigned i = 0; i < 3; i++)
        compare_sizes(code_of(codes[i]), false, true, RFLAGS_CF | RFLAGS_ZF);
}

/* The bit's number may lead far before or behind the operand: that is where it faults. */
static void bits_are_changed_by_register_near_and_far(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        unsigned bytes;
    } forms[] = {{"0F AB 0B", 4}, {"66 0F AB 0B", 2},    {"48 0F AB 0B", 8},
                 {"0F B3 0B", 4}, {"66 0F B3 0B", 2},    {"F0 48 0F B3 0B", 8},
                 {"0F BB 0B", 4}, {"F0 66 0F BB 0B", 2}, {"48 0F BB 0B", 8}};
    for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        for (int64_t number = -2000; number < 2000; number += 37) {
            struct native native = begin();
            int64_t bits = 8 * (int64_t)forms[i].bytes;
            int64_t element = number / bits - (number % bits < 0);
            native.rcx = (uint64_t)number;
            compare(native, code_of(forms[i].hex),
                    (uint64_t)(FAKE_DATA_PHYS + MIDDLE + element * (int64_t)forms[i].bytes),
                    RFLAGS_CF | RFLAGS_ZF);
            assert_int_equal(store_count, 1);
        }
}

static void exchanges_are_as_the_processors(void **state)
{
    (void)state;
    compare_sizes(code_of("86 0B"), true, true, STATUS_FLAGS);
    compare_sizes(code_of("86 33"), true, true, STATUS_FLAGS); /* DH */
    compare_sizes(code_of("87 13"), false, true, STATUS_FLAGS);
    compare_sizes(code_of("0F C0 0B"), true, true, STATUS_FLAGS); /* xadd */
    compare_sizes(code_of("0F C0 23"), true, true, STATUS_FLAGS);
    compare_sizes(code_of("0F C1 0B"), false, true, STATUS_FLAGS);
    compare_sizes(code_of("0F C1 03"), false, true, STATUS_FLAGS);
}

/* What is not stored is not announced. */
static void comparing_exchanges_are_as_the_processors(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        unsigned bytes;
    } forms[] = {{"F0 0F B0 0B", 1},
                 {"F0 0F B0 2B", 1},
                 {"66 0F B1 0B", 2},
                 {"F0 0F B1 13", 4},
                 {"F0 48 0F B1 0B", 8}};
    for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        for (unsigned round = 0; round < ROUNDS; round++) {
            struct native native = begin();
            uint64_t there = 0;
            bool equal = round & 1;
            memcpy(&there, native_memory + MIDDLE, forms[i].bytes);
            native.rax = equal ? there | (round & 2 ? native.rax << (4 * forms[i].bytes)
                                                                 << (4 * forms[i].bytes)
                                                    : 0)
                               : ~there;
            if (forms[i].bytes == 8 && equal)
                native.rax = there;
            compare(native, code_of(forms[i].hex), FAKE_DATA_PHYS + MIDDLE, STATUS_FLAGS);
            assert_int_equal(store_count, equal);
        }
}

static void eight_bytes_are_compared_and_exchanged(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct native native = begin();
        uint64_t there;
        memcpy(&there, native_memory + MIDDLE, sizeof(there));
        native.rax = (uint32_t)there | 0xA5ull << 40;
        native.rdx = (there >> 32) + (round & 1);
        /* RBX is both address and half of the value: its low half differs on the two sides. */
        struct native same = native;
        give_to_guest(&native);
        fake_guest_code("\xF0\x0F\xC7\x0B", 4);
        store_emulate(&fake_guest->vcpu, FAKE_DATA_PHYS + MIDDLE, note);
        uint64_t now;
        memcpy(&now, guest_window() + MIDDLE, sizeof(now));
        bool equal = !(round & 1);
        assert_int_equal(store_count, equal);
        assert_int_equal(now, equal ? same.rcx << 32 | (FAKE_DATA_PHYS + MIDDLE) : there);
        assert_int_equal(fake_guest->vmcb.rflags,
                         equal ? same.flags | RFLAGS_ZF : same.flags & ~(uint64_t)RFLAGS_ZF);
        assert_int_equal(vcpu_register(&fake_guest->vcpu, RAX), equal ? same.rax : (uint32_t)there);
        assert_int_equal(vcpu_register(&fake_guest->vcpu, RDX), equal ? same.rdx : there >> 32);
    }
}

static void string_instructions_are_as_the_processors(void **state)
{
    (void)state;
    static const char *const codes[] = {"AA",       "66 AB",    "AB",       "48 AB",   "F3 AA",
                                        "F3 66 AB", "F2 AB",    "F3 48 AB", "A4",      "66 A5",
                                        "F3 A4",    "F3 66 A5", "F3 A5",    "F3 48 A5"};
    for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        for (unsigned down = 0; down < 2; down++) {
            struct native native = begin();
            native.rcx = 20;
            native.flags |= down ? RFLAGS_DF : 0;
            compare(native, code_of(codes[i]), FAKE_DATA_PHYS + MIDDLE, STATUS_FLAGS);
            assert_int_equal(store_count, code_of(codes[i]).bytes[0] >= 0xF2 ? 20 : 1);
        }
}

static void repeated_store_stops_at_its_pages_end(void **state)
{
    (void)state;
    struct native native = begin();
    native.rdi = (uint64_t)native_memory + PAGE_BYTES - 16;
    native.rcx = 5;
    give_to_guest(&native);
    fake_guest_code("\xF3\x48\xAB", 3);
    store_emulate(&fake_guest->vcpu, FAKE_DATA_PHYS + PAGE_BYTES - 16, note);
    assert_int_equal(store_count, 2);
    assert_int_equal(fake_guest->vmcb.rip, FAKE_CODE_PHYS);
    assert_int_equal(vcpu_register(&fake_guest->vcpu, RCX), 3);
    assert_int_equal(vcpu_register(&fake_guest->vcpu, RDI), FAKE_DATA_PHYS + PAGE_BYTES);
}

static void sixteen_bytes_are_two_elements(void **state)
{
    (void)state;
    static const char *const codes[] = {"0F 11 2B",    "66 0F 11 2B", "0F 29 2B",
                                        "66 0F 29 2B", "0F 2B 2B",    "66 0F 2B 2B",
                                        "66 0F 7F 2B", "F3 0F 7F 2B", "66 0F E7 2B"};
    for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct native native = begin();
        struct code code = code_of(codes[i]);
        give_to_guest(&native);
        fake_guest_code(code.bytes, code.length);
        fake_guest->vectors[5][0] = random_value();
        fake_guest->vectors[5][1] = random_value();
        store_emulate(&fake_guest->vcpu, FAKE_DATA_PHYS + MIDDLE, note);
        assert_int_equal(store_count, 2);
        assert_int_equal(stores[0].value, fake_guest->vectors[5][0]);
        assert_int_equal(stores[1].value, fake_guest->vectors[5][1]);
        assert_int_equal(stores[1].phys, FAKE_DATA_PHYS + MIDDLE + 8);
        assert_memory_equal(guest_window() + MIDDLE, fake_guest->vectors[5], 16);
        assert_int_equal(fake_guest->vmcb.rip, FAKE_CODE_PHYS + code.length);
    }
}

struct attempt {
    struct code code;
    uint64_t phys;
};

static void attempt(void *context)
{
    const struct attempt *attempted = context;
    fake_guest_code(attempted->code.bytes, attempted->code.length);
    store_emulate(&fake_guest->vcpu, attempted->phys, note);
}

static void refuse(const char *hex, uint64_t phys, const char *part)
{
    struct attempt attempted = {code_of(hex), phys};
    const char *reason = fake_run(attempt, &attempted);
    if (!strstr(reason, part))
        fail_msg("%s: '%s' is not in '%s'", hex, part, reason);
    assert_int_equal(store_count, 0);
}

static void other_instructions_end_the_guest_by_name(void **state)
{
    (void)state;
    uint64_t phys = FAKE_DATA_PHYS + MIDDLE;
    struct native native = begin();
    give_to_guest(&native);
    refuse("C1 23 01", phys, "opcode 0xc1 ");          /* shl */
    refuse("8F 03", phys, "opcode 0x8f ");             /* pop */
    refuse("F0 48 0F C7 0B", phys, "opcode 0xfc7 ");   /* cmpxchg16b */
    refuse("F3 0F 11 2B", phys, "opcode 0xf11 ");      /* movss */
    refuse("F7 03 01 00 00 00", phys, "opcode 0xf7 "); /* test */
    refuse("FF 13", phys, "opcode 0xff ");             /* call */
    refuse("C5 FC 11 03", phys, "opcode 0xc5 ");       /* AVX */
    refuse("0F 38 F1 03", phys, "opcode 0xf38f1 ");    /* movbe */
    refuse("89 C3", phys, "opcode 0x89 ");             /* to a register */
    refuse("89 43 01", phys, "over the end");          /* not where it faulted */
}

static void store_over_a_pages_end_ends_the_guest(void **state)
{
    (void)state;
    struct native native = begin();
    uint64_t last = FAKE_DATA_PHYS + PAGE_BYTES - 1;
    native.rbx = (uint64_t)native_memory + PAGE_BYTES - 1;
    give_to_guest(&native);
    refuse("66 89 03", last, "over the end");
    refuse("66 89 03", last + 1, "over the end");
    refuse("F3 0F 7F 2B", last, "over the end");
    struct attempt one = {code_of("88 0B"), last};
    assert_string_equal(fake_run(attempt, &one), "no fatal");
    assert_int_equal(store_count, 1);
}

static void store_that_cannot_be_read_ends_the_guest(void **state)
{
    (void)state;
    struct native native = begin();
    give_to_guest(&native);
    fake_guest->vmcb.rip = FAKE_HOLE_PHYS - 1;
    refuse("89", FAKE_DATA_PHYS, "cannot read the instruction");
    give_to_guest(&native);
    vcpu_set_register(&fake_guest->vcpu, RSI, FAKE_HOLE_PHYS);
    refuse("A5", FAKE_DATA_PHYS + MIDDLE, "cannot read what a string move stores");
    give_to_guest(&native);
    fake_guest->vmcb.event_inject = SVM_EVENT_VALID | 14;
    refuse("89 0B", FAKE_DATA_PHYS + MIDDLE, "is delivered to a stack");
    fake_guest->vmcb.event_inject = 0;
    fake_guest->vmcb.cs.attributes = SVM_SEGMENT_CODE32;
    refuse("67 89 0F", FAKE_DATA_PHYS + MIDDLE, "16-bit address");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(moves_are_done),
        TEST(absolute_move_stores_the_accumulator),
        TEST(arithmetic_is_as_the_processors),
        TEST(one_operand_arithmetic_is_as_the_processors),
        TEST(bits_are_changed_by_number),
        TEST(bits_are_changed_by_register_near_and_far),
        TEST(exchanges_are_as_the_processors),
        TEST(comparing_exchanges_are_as_the_processors),
        TEST(eight_bytes_are_compared_and_exchanged),
        TEST(string_instructions_are_as_the_processors),
        TEST(repeated_store_stops_at_its_pages_end),
        TEST(sixteen_bytes_are_two_elements),
        TEST(other_instructions_end_the_guest_by_name),
        TEST(store_over_a_pages_end_ends_the_guest),
        TEST(store_that_cannot_be_read_ends_the_guest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
