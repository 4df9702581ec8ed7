#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/cpu/trap.h"
#include "tests/unit/fake_machine.h"

static struct muster_idt idt;

static const struct x86_gate *gate(unsigned vector)
{
    return (const struct x86_gate *)(const void *)idt.gates[vector];
}

static void every_gate_is_a_kernel_interrupt_gate_to_its_own_stub(void **state)
{
    (void)state;
    memset(&idt, 0xA5, sizeof(idt));
    idt_init(&idt);
    for (unsigned vector = 0; vector < 256; vector++) {
        uint64_t to = gate(vector)->offset_low | (uint64_t)gate(vector)->offset_middle << 16 |
                      (uint64_t)gate(vector)->offset_high << 32;

        assert_int_equal(to, (uint64_t)trap_stubs + 144 * (vector / 32) + 4 * (vector % 32));
        assert_int_equal(gate(vector)->selector, MUSTER_KERNEL_CS);
        assert_int_equal(gate(vector)->type, 0x8E);
        assert_int_equal(gate(vector)->reserved, 0);
    }
}

static void nmi_double_fault_and_machine_check_have_stacks_of_their_own(void **state)
{
    (void)state;
    idt_init(&idt);
    for (unsigned vector = 0; vector < 256; vector++) {
        unsigned wanted = vector == 2 ? 1 : vector == 8 ? 2 : vector == 18 ? 3 : 0;

        assert_int_equal(gate(vector)->ist, wanted);
    }
}

/* Byte by byte: push imm8 is 6A, its byte the vector less 128; jmp is EB or E9. */
static const uint8_t *jump_leads_to(const uint8_t *jump)
{
    int32_t distance;

    assert_true(jump[0] == 0xEB || jump[0] == 0xE9);
    if (jump[0] == 0xEB)
        return jump + 2 + (int8_t)jump[1];
    memcpy(&distance, jump + 1, sizeof(distance));
    return jump + 5 + distance;
}

static const uint8_t *stub_leads_to(unsigned vector)
{
    const uint8_t *stub = (const uint8_t *)trap_stub(vector);

    assert_int_equal(stub[0], 0x6A);
    assert_int_equal((int8_t)stub[1], (int)vector - 128);
    return jump_leads_to(jump_leads_to(stub + 2));
}

static void stubs_push_an_error_code_only_where_the_processor_does_not(void **state)
{
    (void)state;
    assert_ptr_not_equal(stub_leads_to(0), stub_leads_to(8));
    for (unsigned vector = 0; vector < 256; vector++) {
        bool has_code = vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 ||
                        vector == 21 || vector == 29 || vector == 30;

        /* Without one by the way of the instruction that puts a 0 in its place: #DE's and #DF's. */
        assert_ptr_equal(stub_leads_to(vector), stub_leads_to(has_code ? 8 : 0));
    }
}

static struct muster_slot *trapped_slot;
static struct muster_trap_frame *trapped_frame;

static void note_trap(struct muster_slot *slot, struct muster_trap_frame *frame)
{
    trapped_slot = slot;
    trapped_frame = frame;
}

static int set_up(void **state)
{
    struct fake_machine *fake = fake_machine_new(NULL, 2);

    fake->machine.config = fake->config;
    fake->machine.config.trap = note_trap;
    fake->slots[1].machine = &fake->machine;
    trapped_slot = NULL;
    trapped_frame = NULL;
    *state = fake;
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

/* Whether the host saw it; what it does not see is ended here. */
static bool host_sees(struct fake_machine *fake, unsigned vector, enum muster_cpu_state cpu_state)
{
    struct muster_trap_frame frame = {.vector = vector};
    unsigned eois = fake->eois;

    trapped_slot = NULL;
    fake->slots[1].state.value = cpu_state;
    trap_handle(&fake->slots[1], &frame);
    assert_int_equal(fake->eois, eois + (trapped_slot == NULL));
    if (trapped_slot) {
        assert_ptr_equal(trapped_slot, &fake->slots[1]);
        assert_ptr_equal(trapped_frame, &frame);
    }
    return trapped_slot != NULL;
}

static void host_sees_all_traps_of_a_cpu_that_is_on_but_the_wake(void **state)
{
    for (unsigned vector = 0; vector < 256; vector++)
        assert_int_equal(host_sees(*state, vector, MUSTER_CPU_ON), vector != FAKE_WAKE_VECTOR);
}

/* An interrupt that the firmware left pending means nothing to the host; an exception does. */
static void host_sees_only_the_exceptions_of_a_parked_cpu(void **state)
{
    for (unsigned vector = 0; vector < 256; vector++) {
        assert_int_equal(host_sees(*state, vector, MUSTER_CPU_OFF), vector < 0x20);
        assert_int_equal(host_sees(*state, vector, MUSTER_CPU_ADOPT_PENDING), vector < 0x20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gate_is_a_kernel_interrupt_gate_to_its_own_stub),
        cmocka_unit_test(nmi_double_fault_and_machine_check_have_stacks_of_their_own),
        cmocka_unit_test(stubs_push_an_error_code_only_where_the_processor_does_not),
        cmocka_unit_test_setup_teardown(host_sees_all_traps_of_a_cpu_that_is_on_but_the_wake,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(host_sees_only_the_exceptions_of_a_parked_cpu, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests_name("idt", tests, NULL, NULL);
}
