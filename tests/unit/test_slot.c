#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/x86.h"
#include "lib/cpu/cpu.h"

#define COUNT 3

static struct muster_cpu cpus[COUNT] = {{.apic_id = 9}, {.apic_id = 0x12345}, {.apic_id = 4}};
static struct muster_machine machine = {.cpus = cpus, .cpu_count = COUNT};

static int set_up(void **state)
{
    struct muster_slot *slots = aligned_alloc(MUSTER_SLOT_BYTES, COUNT * MUSTER_SLOT_BYTES);

    memset(slots, 0, COUNT * MUSTER_SLOT_BYTES);
    for (uint32_t i = 0; i < COUNT; i++)
        slot_init(&slots[i], &machine, i);
    *state = slots;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static const struct x86_tss *tss_of(const struct muster_slot *slot)
{
    return (const struct x86_tss *)(const void *)slot->tss;
}

static void slot_knows_whose_it_is(void **state)
{
    struct muster_slot *slots = *state;

    for (uint32_t i = 0; i < COUNT; i++) {
        assert_ptr_equal(slots[i].self, &slots[i]);
        assert_ptr_equal(slots[i].machine, &machine);
        assert_int_equal(slots[i].index, i);
        assert_int_equal(slots[i].apic_id, cpus[i].apic_id);
        assert_int_equal(slots[i].gs_base, (uint64_t)&slots[i]);
    }
}

static void new_slot_is_absent_and_unclaimed(void **state)
{
    struct muster_slot *slot = *state;

    assert_int_equal(slot->state.value, MUSTER_CPU_ABSENT);
    assert_int_equal(slot->command.value, 0);
    assert_int_equal(slot->claimed.value, 0);
    assert_int_equal(slot->arrived.value, 0);
}

/* Descriptors of SDM vol. 3, 3.4.5, spelled out again: access byte 40-47, flags 52-55. */
static void gdt_holds_what_the_selectors_say(void **state)
{
    static const struct {
        unsigned selector;
        uint8_t access, flags;
    } segments[] = {
        {MUSTER_KERNEL_CS, 0x9B, 0xA},    /* code, ring 0, long */
        {MUSTER_KERNEL_DS, 0x93, 0xC},    /* data, ring 0 */
        {MUSTER_USER_DS & ~3, 0xF3, 0xC}, /* data, ring 3 */
        {MUSTER_USER_CS & ~3, 0xFB, 0xA}, /* code, ring 3, long */
    };
    struct muster_slot *slot = *state;

    assert_int_equal(slot->gdt[0], 0);
    assert_int_equal(slot->gdt[MUSTER_USER_BASE / 8], 0); /* no 32-bit user code */
    for (unsigned i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
        uint64_t descriptor = slot->gdt[segments[i].selector / 8];

        assert_int_equal(descriptor >> 40 & 0xFF, segments[i].access);
        assert_int_equal(descriptor >> 52 & 0xF, segments[i].flags);
        assert_int_equal(descriptor & 0xFFFF, 0xFFFF);
    }
    assert_int_equal(sizeof(slot->gdt), MUSTER_TSS + 16);
}

/* SYSCALL takes CS and the next as SS; SYSRET base + 16 as CS and base + 8 as SS. */
static void selectors_lie_as_syscall_and_sysret_want_them(void **state)
{
    (void)state;
    assert_int_equal(MUSTER_KERNEL_DS, MUSTER_KERNEL_CS + 8);
    assert_int_equal(MUSTER_USER_DS, (MUSTER_USER_BASE + 8) | 3);
    assert_int_equal(MUSTER_USER_CS, (MUSTER_USER_BASE + 16) | 3);
}

static void tss_descriptor_points_to_the_slots_own_tss(void **state)
{
    struct muster_slot *slots = *state;

    for (uint32_t i = 0; i < COUNT; i++) {
        uint64_t low = slots[i].gdt[MUSTER_TSS / 8];
        uint64_t high = slots[i].gdt[MUSTER_TSS / 8 + 1];
        uint64_t base = (low >> 16 & 0xFFFFFF) | (low >> 56 & 0xFF) << 24 | high << 32;

        assert_int_equal(base, (uint64_t)slots[i].tss);
        assert_int_equal(low & 0xFFFF, 103);      /* limit */
        assert_int_equal(low >> 40 & 0xFF, 0x89); /* present, available 64-bit TSS */
        assert_int_equal(low >> 48 & 0xFF, 0);
        assert_int_equal(high >> 32, 0);
    }
}

static void ist_stacks_are_whole_and_part_of_the_slot(void **state)
{
    struct muster_slot *slots = *state;
    const unsigned ists[] = {MUSTER_IST_NMI, MUSTER_IST_DF, MUSTER_IST_MC};

    for (unsigned i = 0; i < MUSTER_IST_COUNT; i++) {
        uint64_t top = tss_of(&slots[1])->ist[ists[i] - 1];

        assert_int_equal(top, (uint64_t)slots[1].ist[i] + MUSTER_IST_STACK_BYTES);
        assert_int_equal(top % 16, 0);
        /* As trap_entry.S does: the first push already lies in the slot. */
        assert_int_equal((top - 8) & ~(uint64_t)(MUSTER_SLOT_BYTES - 1), (uint64_t)&slots[1]);
    }
    for (unsigned i = MUSTER_IST_COUNT; i < 7; i++)
        assert_int_equal(tss_of(&slots[1])->ist[i], 0);
}

static void no_two_stacks_of_a_slot_overlap(void **state)
{
    struct muster_slot *slot = *state;
    uint64_t park_bottom = (uint64_t)slot->park_stack;

    assert_true(park_bottom >= (uint64_t)(&slot->mtrr_writes + 1));
    assert_true(slot->park_stack_top > park_bottom + 2048);
    assert_true(slot->park_stack_top <= (uint64_t)slot->ist[0]);
    assert_int_equal(slot->park_stack_top % 16, 0);
    assert_int_equal((uint64_t)(slot + 1),
                     (uint64_t)slot->ist[MUSTER_IST_COUNT - 1] + MUSTER_IST_STACK_BYTES);
}

static void tss_has_no_io_bitmap_and_starts_with_the_park_stack(void **state)
{
    struct muster_slot *slot = *state;

    assert_int_equal(tss_of(slot)->io_map_base, 104);
    assert_int_equal(tss_of(slot)->rsp[0], slot->park_stack_top);
    assert_int_equal(tss_of(slot)->rsp[1], 0);
    assert_int_equal(tss_of(slot)->rsp[2], 0);
}

static void kernel_stack_is_where_interrupts_from_user_mode_land(void **state)
{
    struct muster_slot *slots = *state;

    muster_slot_set_kernel_stack(&slots[0], 0xFFFF800000123450);
    assert_int_equal(tss_of(&slots[0])->rsp[0], 0xFFFF800000123450);
    assert_int_equal(tss_of(&slots[1])->rsp[0], slots[1].park_stack_top);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(slot_knows_whose_it_is),
        TEST(new_slot_is_absent_and_unclaimed),
        TEST(gdt_holds_what_the_selectors_say),
        TEST(selectors_lie_as_syscall_and_sysret_want_them),
        TEST(tss_descriptor_points_to_the_slots_own_tss),
        TEST(ist_stacks_are_whole_and_part_of_the_slot),
        TEST(no_two_stacks_of_a_slot_overlap),
        TEST(tss_has_no_io_bitmap_and_starts_with_the_park_stack),
        TEST(kernel_stack_is_where_interrupts_from_user_mode_land),
    };

    return cmocka_run_group_tests_name("slot", tests, NULL, NULL);
}
